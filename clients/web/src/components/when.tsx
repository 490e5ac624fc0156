"use client";
// An instant in words, exact in its title.
import { useSyncExternalStore } from "react";
import { relativeTime } from "@/lib/relative-time";

const EVERY_MS = 20_000;

function subscribe(changed: () => void): () => void {
  const timer = setInterval(changed, EVERY_MS);
  return () => clearInterval(timer);
}

/** Steps of 20 s, so that the words change when they should and nothing else is drawn. */
const coarseNow = () => Math.ceil(Date.now() / EVERY_MS) * EVERY_MS;

/** `at` as ISO 8601. Only for pages drawn in the browser: the server knows neither zone nor clock. */
export function When({ at }: { at: string }) {
  const now = useSyncExternalStore(subscribe, coarseNow, coarseNow);
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={new Date(ms).toLocaleString()} className="whitespace-nowrap tabular-nums">
      {relativeTime(ms, now)}
    </time>
  );
}
