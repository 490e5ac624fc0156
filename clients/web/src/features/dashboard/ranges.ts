// The time ranges of the dashboard.

const SECOND_US = 1_000_000;

export const RANGES = [
  { key: "5m", label: "5 minutes", us: 300 * SECOND_US },
  { key: "15m", label: "15 minutes", us: 900 * SECOND_US },
  { key: "1h", label: "1 hour", us: 3_600 * SECOND_US },
  { key: "6h", label: "6 hours", us: 21_600 * SECOND_US },
  { key: "24h", label: "24 hours", us: 86_400 * SECOND_US },
  { key: "7d", label: "7 days", us: 604_800 * SECOND_US },
  { key: "30d", label: "30 days", us: 2_592_000 * SECOND_US },
] as const;

export type Range = (typeof RANGES)[number];
export type RangeKey = Range["key"];

// A new installation has little history.
const DEFAULT = RANGES[0];

export function rangeOf(key: string | null): Range {
  return RANGES.find((range) => range.key === key) ?? DEFAULT;
}
