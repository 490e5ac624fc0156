"use client";
// Runs a feed while a page is open.
import { useEffect } from "react";
import { exposeFeed } from "./debug-hook";
import type { LiveFeed } from "./live-feed";

/** Starts `feed`, tells it about the network, and stops it when the page closes. */
export function useLiveFeed(feed: LiveFeed): void {
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
