// The figures above the fleet.
import { useTranslations } from "next-intl";
import { numberLocale, pageLocale } from "@/lib/texts/page-locale";
import { StatTile, StatTiles } from "@/components/stat-tile";
import { stateOf, USUAL_IN_FLIGHT, type FleetDevice } from "../fleet-device";

type FleetTilesProps = { devices: readonly FleetDevice[]; hasMirrors: boolean };

const COMPACT = { notation: "compact", maximumSignificantDigits: 3 } as const;

export function FleetTiles({ devices, hasMirrors }: FleetTilesProps) {
  const t = useTranslations("devices");
  const known = devices.filter(({ telemetry }) => telemetry && telemetry.online !== null);
  const online = known.filter(({ telemetry }) => telemetry?.online).length;
  const troubled = devices.filter((device) => stateOf(device).needsAttention);
  const waiting = devices.reduce((sum, { telemetry }) => sum + (telemetry?.waiting ?? 0), 0);
  const behind = devices.filter(({ telemetry }) => (telemetry?.waiting ?? 0) > USUAL_IN_FLIGHT);
  const ledgers = devices.flatMap(({ name, isPlain, telemetry }) =>
    telemetry && !isPlain ? [{ name, dropped: telemetry.dropped }] : [],
  );
  const dropping = ledgers.filter(({ dropped }) => dropped > 0).sort((a, b) => b.dropped - a.dropped);
  const mirrors = devices.flatMap(({ mirror }) => (mirror && mirror.state !== "unmanaged" ? [mirror] : []));
  const stale = mirrors.filter(({ state }) => state !== "in_sync");
  return (
    <StatTiles label={t("summary")}>
      <StatTile
        label={t("online")}
        value={online}
        unit={t("of", { total: known.length })}
        tone={online < known.length ? "crit" : undefined}
        note={online < known.length ? t("offlineCount", { count: known.length - online }) : t("allConnected")}
        testId="tile-online"
      />
      <StatTile
        label={t("needAttention")}
        value={troubled.length}
        unit={t("devicesUnit", { count: troubled.length })}
        tone={troubled.length > 0 ? "warn" : undefined}
        note={troubled.length > 0 ? reasons(troubled) : t("nothingToDo")}
      />
      <StatTile
        label={t("waitingOnDevices")}
        value={new Intl.NumberFormat(numberLocale(), COMPACT).format(waiting)}
        unit={t("readingsUnit")}
        note={behind.length > 0 ? t("catchingUpCount", { count: behind.length }) : t("noBacklog")}
      />
      {ledgers.length > 0 && (
        <StatTile
          label={t("nothingLost")}
          value={ledgers.length - dropping.length}
          unit={t("ofLedgers", { total: ledgers.length })}
          tone={dropping.length > 0 ? "warn" : undefined}
          note={
            dropping.length > 0
              ? t("hasDropped", { name: dropping[0]!.name, count: dropping[0]!.dropped })
              : t("noneDropped")
          }
          testId="tile-nothing-lost"
        />
      )}
      {hasMirrors && mirrors.length > 0 && (
        <StatTile
          label={t("offlineAccessUpToDate")}
          value={mirrors.length - stale.length}
          unit={t("of", { total: mirrors.length })}
          tone={stale.length > 0 ? "warn" : undefined}
          note={stale.length > 0 ? t("isNot", { name: stale[0]!.name }) : t("allHaveEveryChange")}
        />
      )}
    </StatTiles>
  );
}

/** "2 offline, 1 clock wrong". */
function reasons(devices: readonly FleetDevice[]): string {
  const counts = new Map<string, number>();
  for (const device of devices) {
    const { label } = stateOf(device);
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts]
    .map(([label, count]) => `${count} ${pageLocale() === "en" ? label.toLowerCase() : label}`)
    .join(", ");
}
