// The freshness of a value as a badge. It is green only for a current value.
import { Badge } from "@/components/badge";
import { formatDuration } from "@/lib/format";
import type { Freshness } from "@/lib/staleness";

/** `ageUs`: the age of the latest reading, negative when its time is in the future. */
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
        <Badge tone="neutral" title="There are too few readings to know the interval">
          {formatDuration(ageUs)} ago
        </Badge>
      );
    case "ahead":
      return (
        <Badge tone="warn" title="The time of this reading is in the future. Check the clock of the device.">
          {formatDuration(-ageUs)} ahead
        </Badge>
      );
  }
}
