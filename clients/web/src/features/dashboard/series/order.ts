// Which series come first on the screen: what says most about a machine, and simulated ones last.
import type { Series } from "@/contracts/http";

type Ordered = Pick<Series, "name" | "type" | "unit">;

// What one wants to know of a computer before anything else. Everything else follows rules.
const HEADLINES = ["cpu.total", "memory.percent", "disk.percent", "network.received", "network.sent"];
const SIMULATED = /^sim(?:ulat\w*)?(?:[._-]|$)/i;

const names = new Intl.Collator("en", { numeric: true });

/**
 * A sorted copy: headlines, then shares of a whole (%), then measures, then plain numbers, then switches; simulated
 * series after all others in the same order. Equals by name, `core2` before `core10`. Does not depend on the order given.
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
