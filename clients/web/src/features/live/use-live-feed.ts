"use client";
// Runs a feed while a page is open, and keeps its last values.
import { useEffect } from "react";
import { exposeFeed } from "./debug-hook";
import { useKeptValues } from "./keep-last-values";
import type { LiveFeed } from "./live-feed";

/** Starts `feed`, tells it about the network, and stops it when the page closes. */
export function useLiveFeed(feed: LiveFeed): void {
  useKeptValues(feed);
  useEffect(() => {
    feed.start();
    const hide = exposeFeed(feed);
    const networkChanged = () => feed.connection.networkChanged();
    window.addEventListener("online", networkChanged);
    window.addEventListener("offline", networkChanged);
    return () => {
      window.removeEventListener("online", networkChanged);
      window.removeEventListener("offline", networkChanged);
      hide();
      feed.stop();
    };
  }, [feed]);
}
