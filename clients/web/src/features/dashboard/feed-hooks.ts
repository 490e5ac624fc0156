// React's view of the feed: text four times a second, figures once a second, charts not at all.
import { useSyncExternalStore } from "react";
import type { Feed, HistoryState, Tick } from "./ports";

export function useTick(feed: Feed): Tick {
  return useSyncExternalStore(feed.view.subscribe, feed.view.current, feed.view.current);
}

/** The shown moment in whole seconds (µs): renders once a second, and not at all while paused. */
export function useShownSecond(feed: Feed): number {
  const read = () => Math.floor(feed.view.current().shownUs / 1_000_000) * 1_000_000;
  return useSyncExternalStore(feed.view.subscribe, read, read);
}

export function useHistoryState(feed: Feed): HistoryState {
  return useSyncExternalStore(feed.subscribeHistory, feed.historyState, feed.historyState);
}

export function useConnectionKind(feed: Feed): Feed["connection"]["state"]["kind"] {
  const read = () => feed.connection.state.kind;
  return useSyncExternalStore(feed.connection.subscribe, read, read);
}
