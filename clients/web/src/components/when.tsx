"use client";
// A time relative to now, with the exact time as its title.
import { useSyncExternalStore } from "react";
import { dateTime } from "@/lib/format-time";
import { relativeTime } from "@/lib/relative-time";

const EVERY_MS = 20_000;

function subscribe(changed: () => void): () => void {
  const timer = setInterval(changed, EVERY_MS);
  return () => clearInterval(timer);
}

/** Now in steps of 20 s, so that React renders only when a step ends. */
const coarseNow = () => Math.ceil(Date.now() / EVERY_MS) * EVERY_MS;

/** `at`: ISO 8601. Render it in the browser only: the server does not know the user's time zone. */
export function When({ at }: { at: string }) {
  const now = useSyncExternalStore(subscribe, coarseNow, coarseNow);
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={dateTime(ms, true)} className="whitespace-nowrap tabular-nums">
      {relativeTime(ms, now)}
    </time>
  );
}
