// Search, filters and order of the fleet. Pure functions.
import { pageLocale } from "@/lib/texts/page-locale";
import { stateOf, type FleetDevice } from "../fleet-device";

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

/** The devices of `view` with every word of `search` in name, id, site or tags. */
export function selectDevices(devices: readonly FleetDevice[], view: View, search: string): FleetDevice[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return devices.filter((device) => {
    const { id, name, site, tags } = device;
    const text = [id, name, site, ...tags].join("\n").toLowerCase();
    return IN_VIEW[view](device) && words.every((word) => text.includes(word));
  });
}

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
