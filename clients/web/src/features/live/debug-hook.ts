// `window.__pulse`: what the page holds, for browser tests. Read only, and nothing that is not on the screen.
import type { Gap } from "./readings/gaps";
import type { LiveFeed } from "./live-feed";

export type PulseHook = {
  series: (id: number) => { t: number[]; v: (number | null)[] };
  seriesIds: () => Record<string, number>;
  gaps: (id: number) => Gap[];
  late: (id: number) => Gap[];
};

declare global {
  var __pulse: PulseHook | undefined;
}

/** Publishes `feed`; returns what takes it away again. */
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
