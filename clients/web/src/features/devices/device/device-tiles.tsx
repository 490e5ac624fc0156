// The figures of one device.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/texts/page-locale";
import { StatTile, StatTiles } from "@/components/stat-tile";
import { When } from "@/components/when";
import type { Series } from "@/contracts/http";
import { clockText, lagText } from "../clock-text";
import { mirrorState, type FleetDevice } from "../fleet-device";

type DeviceTilesProps = {
  device: FleetDevice;
  series: readonly Series[] | undefined;
  hasMirror: boolean;
};

export function DeviceTiles({ device: { telemetry, mirror, isPlain }, series, hasMirror }: DeviceTilesProps) {
  const t = useTranslations("devices");
  if (!telemetry) return null;
  const [clock = "–", unit] = clockText(telemetry.clock_offset_us).split(" ");
  const lag =
    telemetry.online !== false && telemetry.lag_us != null && telemetry.lag_us >= 0
      ? lagText(telemetry.lag_us).split(" ")
      : null;
  const reporting = series?.filter(({ latest }) => latest !== null).length;
  return (
    <StatTiles label={t("summary")}>
      <StatTile
        label={t("series")}
        value={telemetry.series_count.toLocaleString(numberLocale())}
        note={reporting === undefined ? undefined : t("withAReading", { count: reporting })}
      />
      {!isPlain && (
        <StatTile
          label={t("waitingOnTheDevice")}
          value={telemetry.waiting?.toLocaleString(numberLocale()) ?? "–"}
          unit={t("readingsUnit")}
          note={telemetry.waiting === null ? t("notReportedYet") : t("notAcknowledgedYet")}
          testId="tile-waiting"
        />
      )}
      {lag && (
        <StatTile label={t("lag")} value={lag[0]} unit={lag[1]} note={t("ageOnArrival")} testId="tile-lag" />
      )}
      <StatTile
        label={t("clock")}
        value={clock}
        unit={unit}
        tone={telemetry.clock_suspect ? "warn" : undefined}
        note={telemetry.clock_suspect ? t("wrongSetItPreferablyWith") : t("againstTheServer")}
      />
      {telemetry.buffer_fill != null && (
        <StatTile
          label={t("bufferOnDisk")}
          value={Math.floor(telemetry.buffer_fill * 100)}
          unit="%"
          tone={telemetry.full_at == null ? undefined : "warn"}
          note={
            telemetry.full_at == null ? (
              t("roomToSpare")
            ) : (
              <>
                {t("fullLabel")} <When at={telemetry.full_at} />
              </>
            )
          }
          testId="tile-buffer"
        />
      )}
      {(isPlain || telemetry.cloned || !telemetry.online) && (
        <StatTile
          label={t("lastMessage")}
          value={telemetry.last_seen_at ? <When at={telemetry.last_seen_at} /> : "–"}
          note={telemetry.cloned ? t("twoMachinesUseThisIdentity") : undefined}
          tone={telemetry.cloned ? "warn" : undefined}
        />
      )}
      {hasMirror && mirror && !isPlain && (
        <StatTile
          label={t("offlineAccess")}
          value={mirror.held.toLocaleString(numberLocale())}
          unit={t("accountsUnit", { count: mirror.held })}
          note={mirrorState(mirror).label}
        />
      )}
    </StatTiles>
  );
}
