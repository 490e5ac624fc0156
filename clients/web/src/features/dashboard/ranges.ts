// The time ranges of the dashboard.

const SECOND_US = 1_000_000;

export const RANGES = [
  { key: "5m", us: 300 * SECOND_US },
  { key: "15m", us: 900 * SECOND_US },
  { key: "1h", us: 3_600 * SECOND_US },
  { key: "6h", us: 21_600 * SECOND_US },
  { key: "24h", us: 86_400 * SECOND_US },
  { key: "7d", us: 604_800 * SECOND_US },
  { key: "30d", us: 2_592_000 * SECOND_US },
] as const;

export type Range = (typeof RANGES)[number];
export type RangeKey = Range["key"];

// A new installation has little history.
const DEFAULT = RANGES[0];

export function rangeOf(key: string | null): Range {
  return RANGES.find((range) => range.key === key) ?? DEFAULT;
}
