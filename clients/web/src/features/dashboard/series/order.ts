// The order of series on the screen: the most significant first, simulated ones last.
import type { Series } from "@/contracts/http";

type Ordered = Pick<Series, "name" | "type" | "unit">;

// The most important series of a computer. All others are ordered by rules.
const HEADLINES = ["cpu.total", "memory.percent", "disk.percent", "network.received", "network.sent"];
const SIMULATED = /^sim(?:ulat\w*)?(?:[._-]|$)/i;

const names = new Intl.Collator("en", { numeric: true });

/**
 * A sorted copy: headlines, then percentages, then values with a unit, then plain numbers, then switches. Simulated series
 * follow in the same order. Within a kind, series are sorted by name, `core2` before `core10`.
 */
export function bySignificance<S extends Ordered>(series: readonly S[]): S[] {
  return [...series].sort(
    (a, b) =>
      Number(SIMULATED.test(a.name)) - Number(SIMULATED.test(b.name)) ||
      headline(a) - headline(b) ||
      kind(a) - kind(b) ||
      names.compare(a.name, b.name),
  );
}

function headline({ name }: Ordered): number {
  const place = HEADLINES.indexOf(name);
  return place < 0 ? HEADLINES.length : place;
}

function kind({ type, unit }: Ordered): number {
  if (type === "bool") return 3;
  if (unit === "") return 2;
  return unit === "%" ? 0 : 1;
}
