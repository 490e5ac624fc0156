// Which series share a chart: those with the same first part of their name and the same unit.
import type { Series } from "@/contracts/http";

export type Group = {
  /** Stable: `cpu`, or `cpu-ghz` when a prefix holds several units and this is not its first. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
};

// More lines than this in one chart cannot be told apart; the colours repeat after it.
const MOST_LINES = 8;

const TITLES: Record<string, string> = { cpu: "CPU", gpu: "GPU", io: "I/O", sim: "Simulated signals" };

export function groupSeries(series: readonly Series[]): Group[] {
  const byPrefix = new Map<string, Map<string, Series[]>>();
  for (const one of series) {
    const prefix = one.name.split(".", 1)[0] ?? one.name;
    const kind = one.type === "bool" ? "on/off" : one.unit;
    const units = byPrefix.get(prefix) ?? new Map<string, Series[]>();
    units.set(kind, [...(units.get(kind) ?? []), one]);
    byPrefix.set(prefix, units);
  }
  const groups: Group[] = [];
  for (const [prefix, units] of byPrefix) {
    [...units.entries()].forEach(([unit, members], place) => {
      for (let start = 0; start < members.length; start += MOST_LINES) {
        const page = start / MOST_LINES;
        groups.push({
          key: [prefix, ...(place > 0 ? [slug(unit)] : []), ...(page > 0 ? [String(page + 1)] : [])].join(
            "-",
          ),
          title: TITLES[prefix] ?? capitalised(prefix),
          unit,
          series: members.slice(start, start + MOST_LINES),
        });
      }
    });
  }
  return groups;
}

function slug(unit: string): string {
  const plain = unit
    .toLowerCase()
    .replace("%", "percent")
    .replace(/[^a-z0-9]+/g, "-");
  return plain.replace(/^-+|-+$/g, "") || "plain";
}

function capitalised(prefix: string): string {
  const words = prefix.replaceAll(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
