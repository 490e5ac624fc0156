// Devices and series for tests.
import type { Device, Series } from "@/contracts/http";

/** The settings of a series whose name, unit, digits and limits nobody has changed. */
export const AS_DECLARED = {
  display_unit: null,
  decimals: null,
  limits: [],
  expected_min: null,
  expected_max: null,
} as const satisfies Partial<Series>;

/** A collector that is connected and has no backlog. */
export function aDevice(changes: Partial<Device> = {}): Device {
  return {
    id: "d1",
    name: "Device",
    online: true,
    last_seen_at: null,
    clock_offset_us: null,
    clock_suspect: false,
    promise: "exactly_once",
    cloned: false,
    series_count: 1,
    version: "0.3.0",
    waiting: 0,
    oldest_waiting: null,
    buffer_fill: null,
    full_at: null,
    lag_us: null,
    quarantined: 0,
    dropped: 0,
    ...changes,
  };
}
