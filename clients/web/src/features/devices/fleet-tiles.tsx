// The figures above the fleet.
import { StatTile, StatTiles } from "@/components/stat-tile";
import { stateOf, USUAL_IN_FLIGHT, type FleetDevice } from "./fleet-device";

type FleetTilesProps = { devices: readonly FleetDevice[]; hasMirrors: boolean };

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

export function FleetTiles({ devices, hasMirrors }: FleetTilesProps) {
  const known = devices.filter(({ telemetry }) => telemetry && telemetry.online !== null);
  const online = known.filter(({ telemetry }) => telemetry?.online).length;
  const troubled = devices.filter((device) => stateOf(device).needsAttention);
  const waiting = devices.reduce((sum, { telemetry }) => sum + (telemetry?.waiting ?? 0), 0);
  const behind = devices.filter(({ telemetry }) => (telemetry?.waiting ?? 0) > USUAL_IN_FLIGHT);
  const mirrors = devices.flatMap(({ mirror }) => (mirror && mirror.state !== "unmanaged" ? [mirror] : []));
  const stale = mirrors.filter(({ state }) => state !== "in_sync");
  return (
    <StatTiles label="Summary">
      <StatTile
        label="Online"
        value={online}
        unit={`of ${known.length}`}
        tone={online < known.length ? "crit" : undefined}
        note={online < known.length ? `${known.length - online} offline` : "all collectors are connected"}
        testId="tile-online"
      />
      <StatTile
        label="Need attention"
        value={troubled.length}
        unit={troubled.length === 1 ? "device" : "devices"}
        tone={troubled.length > 0 ? "warn" : undefined}
        note={troubled.length > 0 ? reasons(troubled) : "nothing to do"}
      />
      <StatTile
        label="Waiting on devices"
        value={compact.format(waiting)}
        unit="readings"
        note={behind.length > 0 ? `${behind.length} catching up` : "no backlog"}
      />
      {hasMirrors && mirrors.length > 0 && (
        <StatTile
          label="Offline access up to date"
          value={mirrors.length - stale.length}
          unit={`of ${mirrors.length}`}
          tone={stale.length > 0 ? "warn" : undefined}
          note={stale.length > 0 ? `${stale[0]!.name} is not` : "all collectors have every change"}
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
  return [...counts].map(([label, count]) => `${count} ${label.toLowerCase()}`).join(", ");
}
