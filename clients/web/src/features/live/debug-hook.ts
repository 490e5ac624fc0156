// `window.__pulse`: read-only data for browser tests. It contains only what is on the screen.
import type { TimeSpan } from "./readings/time-spans";
import type { LiveFeed } from "./live-feed";

export type PulseHook = {
  series: (id: number) => { t: number[]; v: (number | null)[] };
  seriesIds: () => Record<string, number>;
  gaps: (id: number) => TimeSpan[];
  late: (id: number) => TimeSpan[];
};

declare global {
  var __pulse: PulseHook | undefined;
}

/** Exposes `feed`. Returns a function that removes it. */
export function exposeFeed(feed: LiveFeed): () => void {
  const hook: PulseHook = {
    series: (id) => {
      const { t, v } = feed.samples(id);
      return { t: Array.from(t), v: Array.from(v) };
    },
    seriesIds: () => Object.fromEntries(feed.series.map(({ name, id }) => [name, id])),
    gaps: (id) => feed.gaps(id),
    late: (id) => [...feed.late(id)],
  };
  globalThis.__pulse = Object.freeze(hook);
  return () => {
    globalThis.__pulse = undefined;
  };
}
