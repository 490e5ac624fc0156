// The figures of one device.
import { StatTile, StatTiles } from "@/components/stat-tile";
import { When } from "@/components/when";
import type { Series } from "@/contracts/http";
import { clockText } from "./clock-text";
import { mirrorState, type FleetDevice } from "./fleet-device";

type DeviceTilesProps = {
  device: FleetDevice;
  series: readonly Series[] | undefined;
  hasMirror: boolean;
};

export function DeviceTiles({ device: { telemetry, mirror, isPlain }, series, hasMirror }: DeviceTilesProps) {
  if (!telemetry) return null;
  const [clock = "–", unit] = clockText(telemetry.clock_offset_us).split(" ");
  const reporting = series?.filter(({ latest }) => latest !== null).length;
  return (
    <StatTiles label="Summary">
      <StatTile
        label="Series"
        value={telemetry.series_count.toLocaleString("en")}
        note={reporting === undefined ? undefined : `${reporting.toLocaleString("en")} with a reading`}
      />
      {!isPlain && (
        <StatTile
          label="Waiting on the device"
          value={telemetry.waiting?.toLocaleString("en") ?? "–"}
          unit="readings"
          note={telemetry.waiting === null ? "not reported yet" : "not acknowledged yet"}
          testId="tile-waiting"
        />
      )}
      <StatTile
        label="Clock"
        value={clock}
        unit={unit}
        tone={telemetry.clock_suspect ? "warn" : undefined}
        note={telemetry.clock_suspect ? "wrong: set it, preferably with NTP" : "against the server"}
      />
      <StatTile
        label="Last message"
        value={telemetry.last_seen_at ? <When at={telemetry.last_seen_at} /> : "–"}
        note={telemetry.cloned ? "two machines use this identity" : undefined}
        tone={telemetry.cloned ? "warn" : undefined}
      />
      {hasMirror && mirror && !isPlain && (
        <StatTile
          label="Offline access"
          value={mirror.held.toLocaleString("en")}
          unit={mirror.held === 1 ? "account" : "accounts"}
          note={mirrorState(mirror).label}
        />
      )}
    </StatTiles>
  );
}
