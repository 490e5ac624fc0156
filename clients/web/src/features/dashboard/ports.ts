// What the dashboard needs from the live feed. `src/app` passes an implementation.
import type { ChartSource } from "@/charts/types";
import type { Series, ShownDevice } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";

export type Reading = { readonly t: number; readonly v: RawValue };

/** `shownUs`: the right edge of the view in µs. `behindUs`: how far it lies in the past while paused. */
export type Tick = { readonly shownUs: number; readonly paused: boolean; readonly behindUs: number };

export type HistoryState =
  | { status: "idle" }
  | { status: "loading" }
  | { status: "ready" }
  | { status: "denied" }
  | { status: "failed"; detail: string };

export type Feed = ChartSource & {
  readonly view: {
    readonly current: () => Tick;
    readonly subscribe: (listener: () => void) => () => void;
  };
  readonly connection: {
    readonly state: { readonly kind: "connecting" | "live" | "reconnecting" | "offline" };
    readonly subscribe: (listener: () => void) => () => void;
  };
  readonly historyState: () => HistoryState;
  readonly subscribeHistory: (listener: () => void) => () => void;
  select: (selection: {
    devices: readonly ShownDevice[];
    series: readonly Series[];
    rangeUs: number;
  }) => void;
  reload: () => Promise<void>;
  setPaused: (paused: boolean) => void;
  latest: (id: number) => Reading | null;
  /** The usual interval between readings in µs; null when it is unknown. */
  interval: (id: number) => number | null;
};
