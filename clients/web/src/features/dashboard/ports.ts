// What the dashboard needs from the live feed; declared here by its user, provided by src/app.
import type { Device, Series } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";

export type Samples = { readonly t: Float64Array; readonly v: Float64Array };
export type Reading = { readonly t: number; readonly v: RawValue };
export type GapTest = (earlier: number, later: number) => boolean;
/** What is true of the readings between these times. */
export type Stretch = { readonly from: number; readonly to: number };
export type Tick = { readonly shownUs: number; readonly paused: boolean; readonly behindUs: number };

export type HistoryState =
  | { status: "idle" }
  | { status: "loading" }
  | { status: "ready" }
  | { status: "denied" }
  | { status: "failed"; detail: string };

export type Feed = {
  readonly revision: number;
  readonly view: {
    readonly current: () => Tick;
    readonly subscribe: (listener: () => void) => () => void;
    shownUs: () => number;
  };
  readonly connection: {
    readonly state: { readonly kind: "connecting" | "live" | "reconnecting" | "offline" };
    readonly subscribe: (listener: () => void) => () => void;
  };
  readonly historyState: () => HistoryState;
  readonly subscribeHistory: (listener: () => void) => () => void;
  select: (selection: { device: Device; series: readonly Series[]; rangeUs: number }) => void;
  reload: () => Promise<void>;
  setPaused: (paused: boolean) => void;
  latest: (id: number) => Reading | null;
  samples: (id: number) => Samples;
  gapTest: (id: number) => GapTest;
  late: (id: number) => readonly Stretch[];
  /** Where the clock of the device was not to be trusted. */
  suspect: (id: number) => readonly Stretch[];
  /** How often readings come (µs); null when nobody knows. */
  rhythm: (id: number) => number | null;
};
