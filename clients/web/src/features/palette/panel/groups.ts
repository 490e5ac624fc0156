// Which groups the search shows, in which order. Pure functions.
import type { Entry, Kind } from "../types";
import { find, type Indexed } from "./rank";

export type GroupName = Kind | "recent";
export type Group = { readonly name: GroupName; readonly entries: readonly Entry[]; readonly total: number };

/** The entries of each kind that are loaded. */
export type Sources = Readonly<Record<Kind, readonly Indexed[]>>;

/** How many rows a group shows. Thousands of devices are searched, but only these are drawn. */
const MOST_FOUND = 8;
const MOST_RECENT = 5;
/** Their names are known at once. The better group comes first. */
const LOCAL = ["page", "dashboard", "device", "action"] as const satisfies readonly Kind[];
/** They arrive while the person reads, so they never move the others. */
const LATE = ["series", "person"] as const satisfies readonly Kind[];

/** `recent`: the keys of the latest choices. They come first, and in no other group. */
export function groupsOf(sources: Sources, words: readonly string[], recent: readonly string[]): Group[] {
  const chosen = recentOf(sources, words, recent);
  const known = new Set(chosen.map(({ key }) => key));
  const found = (name: Kind) => {
    const others = sources[name].filter(({ entry }) => !known.has(entry.key));
    // Without words, a group is short and shown whole.
    return { name, ...find(others, words, words.length > 0 ? MOST_FOUND : others.length) };
  };
  const local = LOCAL.map(found);
  // Sorting is stable, so without words the groups keep their order.
  if (words.length > 0) local.sort((a, b) => b.best - a.best);
  const late = words.length > 0 ? LATE.map(found) : [];
  // Devices and dashboards may be thousands, so they are shown for words only.
  const shown = words.length > 0 ? [...local, ...late] : local.filter(({ name }) => isShort(name));
  const first: Group = { name: "recent", entries: chosen, total: chosen.length };
  return [first, ...shown].filter(({ entries }) => entries.length > 0);
}

const isShort = (name: GroupName) => name === "page" || name === "action";

function recentOf(sources: Sources, words: readonly string[], recent: readonly string[]): readonly Entry[] {
  const all = new Map(Object.values(sources).flatMap((index) => index.map((one) => [one.entry.key, one])));
  const known = recent.flatMap((key) => all.get(key) ?? []);
  return find(known, words, MOST_RECENT).entries;
}
