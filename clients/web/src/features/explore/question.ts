// The question of the explorer: which series, which range, how. The address of the page holds all of it. Pure functions.
import type { Limit } from "@/charts/types";
import { isZone } from "@/lib/texts/time-zone";
import { isPreset, MOST_US, type Range } from "./ranges";

export const MOST_SERIES = 50;
export const MOST_LIMITS = 20;
const MOST_UNIT_LENGTH = 32;
const MOST_ADDRESS_LENGTH = 8_000;

/** One chosen series. The address names the device too, because a service lists series by device. */
export type Chosen = { readonly device: string; readonly id: number };

export const COMPARISONS = ["none", "day", "week"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const VIEWS = ["chart", "table"] as const;
export type View = (typeof VIEWS)[number];

/** A limit in the chart of one unit. */
export type UnitLimit = Limit & { readonly unit: string };

export type Question = {
  /** In the order of choice. The colours follow this order. */
  readonly series: readonly Chosen[];
  readonly range: Range;
  /** A named zone; null: the usual one of the person. */
  readonly zone: string | null;
  readonly compare: Comparison;
  readonly limits: readonly UnitLimit[];
  readonly view: View;
};

export const EMPTY: Question = {
  series: [],
  range: { kind: "preset", key: "6h" },
  zone: null,
  compare: "none",
  limits: [],
  view: "chart",
};

/** A part of an address that cannot be read. `too_many`: more series than one question may have. */
export type Unreadable = "series" | "too_many" | "range" | "zone" | "compare" | "limits" | "view";

export type Decoded = { readonly question: Question; readonly unreadable: readonly Unreadable[] };

/** The query string of `question`, without `?`. Parts with their usual value are left out. */
export function encode(question: Question): string {
  const { series, range, zone, compare, limits, view } = question;
  const parts: [string, string][] = [];
  if (series.length > 0) parts.push(["s", seriesText(series)]);
  if (range.kind === "absolute") parts.push(["from", timeText(range.from)], ["to", timeText(range.to)]);
  else if (range.key !== "6h") parts.push(["range", range.key]);
  if (zone !== null) parts.push(["tz", zone]);
  if (compare !== "none") parts.push(["compare", compare]);
  for (const { severity, direction, value, unit } of limits) {
    parts.push(["limit", [severity, direction, String(value), unit].join(":")]);
  }
  if (view !== "chart") parts.push(["view", view]);
  return parts.map(([name, value]) => `${name}=${readably(value)}`).join("&");
}

/** The question of a query string. Keeps what is readable, and names the parts that are not. */
export function decode(query: string): Decoded {
  const unreadable: Unreadable[] = [];
  const given = new URLSearchParams(query.slice(0, MOST_ADDRESS_LENGTH));
  const part = <Value>(
    name: string,
    as: Unreadable,
    read: (text: string) => Value | null,
    usual: Value,
  ): Value => {
    const text = given.get(name);
    if (text === null || text === "") return usual;
    const value = read(text);
    if (value === null) unreadable.push(as);
    return value ?? usual;
  };
  const series = seriesOf(given.get("s") ?? "", unreadable);
  const range = rangeOf(given, unreadable);
  const question: Question = {
    series,
    range,
    zone: part<string | null>(
      "tz",
      "zone",
      (text) => (text.length <= 64 && isZone(text) ? text : null),
      null,
    ),
    compare: part("compare", "compare", (text) => COMPARISONS.find((one) => one === text) ?? null, "none"),
    limits: limitsOf(given.getAll("limit"), unreadable),
    view: part("view", "view", (text) => VIEWS.find((one) => one === text) ?? null, "chart"),
  };
  return { question, unreadable };
}

/** `press-4:12.13,boiler:44`: ids by device, in the order of choice. */
function seriesText(series: readonly Chosen[]): string {
  const groups: { device: string; ids: number[] }[] = [];
  for (const { device, id } of series) {
    const last = groups.at(-1);
    if (last?.device === device) last.ids.push(id);
    else groups.push({ device, ids: [id] });
  }
  return groups.map(({ device, ids }) => `${device}:${ids.join(".")}`).join(",");
}

const GROUP = /^([a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?):([\d.]+)$/;
const ID = /^\d{1,10}$/;
const LARGEST_ID = 2 ** 31 - 1;

function seriesOf(text: string, unreadable: Unreadable[]): Chosen[] {
  if (text === "") return [];
  const series = new Map<number, Chosen>();
  let isReadable = true;
  for (const group of text.split(",")) {
    const [, device, ids] = GROUP.exec(group) ?? [];
    if (device === undefined || ids === undefined) {
      isReadable = false;
      continue;
    }
    for (const id of ids.split(".")) {
      if (ID.test(id) && Number(id) <= LARGEST_ID) series.set(Number(id), { device, id: Number(id) });
      else isReadable = false;
    }
  }
  if (!isReadable) unreadable.push("series");
  if (series.size > MOST_SERIES) unreadable.push("too_many");
  return [...series.values()].slice(0, MOST_SERIES);
}

function rangeOf(given: URLSearchParams, unreadable: Unreadable[]): Range {
  const [from, to, preset] = [given.get("from"), given.get("to"), given.get("range")];
  if (from !== null || to !== null) {
    const [start, end] = [timeOf(from ?? ""), timeOf(to ?? "")];
    if (start !== null && end !== null && start < end && end - start <= MOST_US) {
      return { kind: "absolute", from: start, to: end };
    }
    unreadable.push("range");
  } else if (preset !== null) {
    if (isPreset(preset)) return { kind: "preset", key: preset };
    unreadable.push("range");
  }
  return EMPTY.range;
}

function limitsOf(texts: readonly string[], unreadable: Unreadable[]): UnitLimit[] {
  const limits = texts.map(limitOf);
  const known = limits.filter((limit) => limit !== null).slice(0, MOST_LIMITS);
  if (known.length < texts.length) unreadable.push("limits");
  return known;
}

const LIMIT = /^(warning|critical):(above|below):(-?[\d.]+(?:e[+-]?\d+)?):(.*)$/su;

function limitOf(text: string): UnitLimit | null {
  const [, severity, direction, number, unit] = LIMIT.exec(text) ?? [];
  const value = Number(number);
  if (unit === undefined || unit.length > MOST_UNIT_LENGTH || !Number.isFinite(value)) return null;
  return { severity, direction, value, unit } as UnitLimit;
}

/** RFC 3339 in UTC to the millisecond: `2026-11-26T08:00:00Z`. */
function timeText(us: number): string {
  return new Date(us / 1_000).toISOString().replace(".000Z", "Z");
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(text: string): number | null {
  const ms = TIME.test(text) ? Date.parse(text) : NaN;
  return Number.isFinite(ms) && ms >= 0 ? ms * 1_000 : null;
}

/** Encoded for a query string. These characters need no code there, and the address stays readable. */
function readably(value: string): string {
  return encodeURIComponent(value).replace(/%(?:3A|2C|2F)/g, decodeURIComponent);
}
