// Whether a value is current, as a badge: never green when nobody knows.
import { Badge } from "@/components/badge";
import { formatDuration } from "@/lib/format";
import type { Freshness } from "./staleness";

/** `ageUs`: of the latest reading; below zero when it lies in the future. */
export function StateBadge({ freshness, ageUs }: { freshness: Freshness; ageUs: number }) {
  switch (freshness) {
    case "none":
      return <Badge tone="neutral">No data</Badge>;
    case "current":
      return <Badge tone="ok">Current</Badge>;
    case "stale":
      return <Badge tone="warn">Stale {formatDuration(ageUs)}</Badge>;
    case "unknown":
      return (
        <Badge tone="neutral" title="Too few readings to know how often they come">
          {formatDuration(ageUs)} ago
        </Badge>
      );
    case "ahead":
      return (
        <Badge tone="warn" title="The time of this reading is in the future: check the clock of the device">
          {formatDuration(-ageUs)} ahead
        </Badge>
      );
  }
}
