// Search, filters and order of the fleet. Pure functions.
import { pageLocale } from "@/lib/texts/page-locale";
import { DEVICE_STATES, stateOf, type DeviceStateId, type FleetDevice } from "../fleet-device";

export const VIEWS = ["all", "attention", "collectors", "plain"] as const;
export type View = (typeof VIEWS)[number];

export const SORTS = ["state", "name", "backlog", "seen", "-state", "-name", "-backlog", "-seen"] as const;
export type Sort = (typeof SORTS)[number];

const IN_VIEW: Readonly<Record<View, (device: FleetDevice) => boolean>> = {
  all: () => true,
  attention: (device) => stateOf(device).needsAttention,
  collectors: ({ isPlain }) => !isPlain,
  plain: ({ isPlain }) => isPlain,
};

export type Filter = {
  readonly view: View;
  readonly search: string;
  /** "" for any. */
  readonly site: string;
  readonly tag: string;
  readonly state: DeviceStateId | "all";
};
export const NO_FILTER: Filter = { view: "all", search: "", site: "", tag: "", state: "all" };

/** The devices that the filter leaves, with every word of its search in name, id, site or tags. */
export function selectDevices(devices: readonly FleetDevice[], filter: Filter): FleetDevice[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  return devices.filter((device) => {
    const { id, name, site, tags } = device;
    if (!IN_VIEW[filter.view](device)) return false;
    if (filter.site && site !== filter.site) return false;
    if (filter.tag && !tags.includes(filter.tag)) return false;
    if (filter.state !== "all" && stateOf(device).id !== filter.state) return false;
    const text = [id, name, site, ...tags].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** A value of a filter, and how many devices have it. */
export type Choice<Value extends string> = { readonly value: Value; readonly count: number };

export const sitesOf = (devices: readonly FleetDevice[]): Choice<string>[] =>
  counted(devices.flatMap(({ site }) => (site ? [site] : []))).sort(byValue);

/** The most tags that the filter offers. A menu of thousands is slow, and the search finds every tag. */
const MOST_CHOICES = 200;

/** The most frequent tags, by name. */
export const tagsOf = (devices: readonly FleetDevice[]): Choice<string>[] =>
  counted(devices.flatMap(({ tags }) => tags))
    .sort((a, b) => b.count - a.count || byValue(a, b))
    .slice(0, MOST_CHOICES)
    .sort(byValue);

export function statesOf(devices: readonly FleetDevice[]): Choice<DeviceStateId>[] {
  const position = ({ value }: Choice<DeviceStateId>) => DEVICE_STATES.indexOf(value);
  return counted(devices.map((device) => stateOf(device).id)).sort((a, b) => position(a) - position(b));
}

function counted<Value extends string>(values: readonly Value[]): Choice<Value>[] {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => ({ value, count }));
}

const byValue = (a: Choice<string>, b: Choice<string>) => byName.compare(a.value, b.value);

const ORDER = ["crit", "warn", "info", "neutral", "ok"];
const byName = new Intl.Collator(pageLocale(), { numeric: true, sensitivity: "base" });

const COMPARE: Readonly<Record<string, (a: FleetDevice, b: FleetDevice) => number>> = {
  name: () => 0,
  // What needs attention comes first.
  state: (a, b) => rank(a) - rank(b),
  backlog: (a, b) => (a.telemetry?.waiting ?? -1) - (b.telemetry?.waiting ?? -1),
  seen: (a, b) => seenMs(a) - seenMs(b),
};

/** Devices that are equal in the order stay sorted by name. */
export function sortDevices(devices: readonly FleetDevice[], sort: Sort): FleetDevice[] {
  const isDescending = sort.startsWith("-");
  const key = sort.replace("-", "");
  const names = (a: FleetDevice, b: FleetDevice) =>
    byName.compare(a.name, b.name) || byName.compare(a.id, b.id);
  return [...devices].sort((a, b) => {
    if (key === "name") return isDescending ? names(b, a) : names(a, b);
    const order = COMPARE[key]!(a, b);
    return (isDescending ? -order : order) || names(a, b);
  });
}

function rank(device: FleetDevice): number {
  const { needsAttention, tone } = stateOf(device);
  return (needsAttention ? 0 : 10) + ORDER.indexOf(tone);
}

function seenMs({ telemetry }: FleetDevice): number {
  return telemetry?.last_seen_at ? Date.parse(telemetry.last_seen_at) : 0;
}
