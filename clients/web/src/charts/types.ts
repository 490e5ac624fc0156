// What a chart needs from its caller. All times are in µs since the Unix epoch.
import type { Series } from "@/contracts/http";

export type Samples = { readonly t: Float64Array; readonly v: Float64Array };

/** True when readings are missing between two neighbours. No line joins them. */
export type GapTest = (earlier: number, later: number) => boolean;

export type TimeSpan = { readonly from: number; readonly to: number };

/** A limit of the values of a chart. `direction`: the side on which values are beyond the limit. */
export type Limit = {
  readonly severity: "warning" | "critical";
  readonly direction: "above" | "below";
  /** In the unit of the chart. */
  readonly value: number;
};

/** How a value axis finds its range. `log` leaves out values that are not above zero. */
export type AxisMode =
  | { readonly mode: "auto" }
  | { readonly mode: "log" }
  /** In the unit of the chart; `min` < `max`. */
  | { readonly mode: "fixed"; readonly min: number; readonly max: number };

/** The series of one chart. They share `unit`. The first gets the palette's colour number `firstColor`. */
export type SeriesGroup = {
  readonly series: readonly Series[];
  readonly unit: string;
  readonly firstColor: number;
  /** Without it, the range follows the readings. */
  readonly axis?: AxisMode;
  /** False: gaps, late readings and readings with a suspect time are not marked. */
  readonly isShaded?: boolean;
};

/** Where a chart reads from each time it draws. */
export type ChartSource = {
  /** Changes whenever a reading, a gap or a mark changes. */
  readonly revision: number;
  readonly view: { readonly shownUs: () => number };
  readonly connection: { readonly state: { readonly kind: string } };
  samples: (id: number) => Samples;
  gapTest: (id: number) => GapTest;
  /** Where readings arrived late, ascending. */
  late: (id: number) => readonly TimeSpan[];
  /** Where the device's clock was wrong, ascending. */
  suspect: (id: number) => readonly TimeSpan[];
};
