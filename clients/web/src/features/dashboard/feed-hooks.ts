// The feed as React state. Text renders four times a second, figures twice a second. Charts do not use React.
import { useSyncExternalStore } from "react";
import type { Feed, HistoryState, Tick } from "./ports";

export function useTick(feed: Feed): Tick {
  return useSyncExternalStore(feed.view.subscribe, feed.view.current, feed.view.current);
}

const COARSE_US = 500_000;

/** The shown moment in µs, in steps of half a second. Use it for figures that are expensive to compute. */
export function useCoarseNow(feed: Feed): number {
  const read = () => Math.floor(feed.view.current().shownUs / COARSE_US) * COARSE_US;
  return useSyncExternalStore(feed.view.subscribe, read, read);
}

export function useHistoryState(feed: Feed): HistoryState {
  return useSyncExternalStore(feed.subscribeHistory, feed.historyState, feed.historyState);
}

export function useConnectionKind(feed: Feed): Feed["connection"]["state"]["kind"] {
  const read = () => feed.connection.state.kind;
  return useSyncExternalStore(feed.connection.subscribe, read, read);
}
