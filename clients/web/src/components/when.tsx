"use client";
// A time relative to now, with the exact time as its title.
import { dateTime } from "@/lib/texts/format-time";
import { relativeTime } from "@/lib/texts/relative-time";
import { useNowInSteps } from "@/lib/use-now-in-steps";

/** `at`: ISO 8601. Render it in the browser only: the server does not know the user's time zone. */
export function When({ at }: { at: string }) {
  const now = useNowInSteps();
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={dateTime(ms, true)} className="whitespace-nowrap tabular-nums">
      {relativeTime(ms, now)}
    </time>
  );
}
