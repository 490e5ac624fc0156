"use client";
// Keeps the last values of a feed in this browser, for the page that is shown without a connection.
import { useEffect } from "react";
import { saveLastValues, type LastValue } from "@/lib/readings/last-values";
import type { LiveFeed } from "./live-feed";

const EVERY_MS = 10_000;

type Feed = Pick<LiveFeed, "series" | "latest" | "view">;

/** Saves every 10 s, and when the page is hidden or closed. Not for pages of share links: nobody signs out there. */
export function useKeptValues(feed: Feed): void {
  useEffect(() => {
    const save = () => saveValuesOf(feed, Date.now());
    const saveWhenHidden = () => document.visibilityState === "hidden" && save();
    const timer = setInterval(save, EVERY_MS);
    window.addEventListener("pagehide", save);
    document.addEventListener("visibilitychange", saveWhenHidden);
    return () => {
      clearInterval(timer);
      window.removeEventListener("pagehide", save);
      document.removeEventListener("visibilitychange", saveWhenHidden);
    };
  }, [feed]);
}

/** Saves the newest value of each series of `feed`. A paused feed shows the past, so nothing is saved then. */
export function saveValuesOf(feed: Feed, nowMs: number): void {
  if (feed.view.isPaused) return;
  const nowUs = feed.view.shownUs();
  const values = feed.series.flatMap((series): LastValue[] => {
    const latest = feed.latest(series.id);
    if (!latest) return [];
    return [
      {
        device: series.device,
        name: series.display_name || series.name,
        type: series.type,
        unit: series.display_unit ?? series.unit,
        decimals: series.decimals ?? null,
        value: latest.v,
        // The clocks of the device, the server and this browser differ. The age is the same by all of them.
        at: nowMs - (nowUs - latest.t) / 1_000,
      },
    ];
  });
  if (values.length > 0) saveLastValues(values, nowMs);
}
