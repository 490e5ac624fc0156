// Groups series into charts, by the first part of their name and their unit.
import { pageTexts } from "@/i18n/page-texts";
import type { SeriesGroup } from "@/charts/types";
import type { Series } from "@/contracts/http";
import { shownUnit } from "@/lib/texts/units";
import { bySignificance } from "./order";

export type Group = SeriesGroup & {
  /** Stable: `cpu`, or `cpu-ghz` for another unit of the same prefix. */
  readonly key: string;
  readonly title: string;
};

// More lines in one chart are hard to tell apart, and the colours would repeat.
const MAX_LINES = 8;

const TITLES: Record<string, string> = { cpu: "CPU", gpu: "GPU", io: "I/O" };

/** The groups, and the series of each, in order of significance. */
export function groupSeries(series: readonly Series[]): Group[] {
  const kinds = new Map<string, Series[]>();
  for (const one of bySignificance(series)) {
    const kind = `${prefixOf(one)} ${kindOf(one)}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  const groups: Group[] = [];
  const known = new Set<string>();
  let firstColor = 0;
  for (const members of kinds.values()) {
    const prefix = prefixOf(members[0]!);
    const key = known.has(prefix) ? `${prefix}-${slug(kindOf(members[0]!))}` : prefix;
    known.add(prefix);
    for (let start = 0; start < members.length; start += MAX_LINES) {
      const page = start / MAX_LINES;
      const shown = members.slice(start, start + MAX_LINES);
      groups.push({
        key: page > 0 ? `${key}-${page + 1}` : key,
        title: titleOf(prefix, members),
        unit: members[0]!.unit,
        series: shown,
        firstColor,
      });
      firstColor += shown.length;
    }
  }
  return withUniqueTitles(groups);
}

/** Makes titles unique: adds what differs between groups of one title, or else their key. */
function withUniqueTitles(groups: readonly Group[]): Group[] {
  const byKind = distinguish(groups, ({ series: [first] }) => shownUnit(kindOf(first!)));
  return distinguish(byKind, ({ series }) => {
    const [first, last] = [series[0]!.display_name, series.at(-1)!.display_name];
    return first === last ? first : pageTexts("dashboard")("firstToLast", { first, last });
  }).map((group, place, all) => {
    const isTaken = all.slice(0, place).some(({ title }) => title === group.title);
    return isTaken ? { ...group, title: `${group.title} (${group.key})` } : group;
  });
}

function distinguish(groups: readonly Group[], differenceOf: (group: Group) => string): Group[] {
  return groups.map((group) => {
    const alike = groups.filter(({ title }) => title === group.title);
    const differences = new Set(alike.map(differenceOf));
    return differences.size > 1 ? { ...group, title: `${group.title}, ${differenceOf(group)}` } : group;
  });
}

function prefixOf({ name }: Series): string {
  return name.split(".", 1)[0] ?? name;
}

/** Series share an axis when this is equal. Without a unit, their names may differ in a number only. */
function kindOf({ name, type, unit }: Series): string {
  if (type === "bool") return "on/off";
  return unit || name.slice(name.indexOf(".") + 1).replace(/[._-]?\d+$/, "");
}

/** A single series without a unit gives the title. Otherwise the prefix does. */
function titleOf(prefix: string, members: readonly Series[]): string {
  const [first] = members;
  if (members.length === 1 && first && first.unit === "") return first.display_name;
  if (prefix === "sim") return pageTexts("dashboard")("simulated");
  return TITLES[prefix] ?? capitalized(prefix);
}

function slug(unit: string): string {
  const plain = unit
    .toLowerCase()
    .replace("%", "percent")
    .replace(/[^a-z0-9]+/g, "-");
  return plain.replace(/^-+|-+$/g, "") || "plain";
}

function capitalized(prefix: string): string {
  const words = prefix.replaceAll(/[_-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
