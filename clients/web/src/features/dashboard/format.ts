// Numbers, units and ages as they are read on the screen.
import type { Series } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";

export type Shown = { readonly text: string; readonly unit: string };

const BYTE_STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const BYTE_UNIT = /^(?:B|bytes?)(\/s)?$/i;
const NO_VALUE: Shown = { text: "–", unit: "" };

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const formatters = new Map<number, Intl.NumberFormat>();

/** `value` with as many decimals as its size needs; bytes in binary multiples. */
export function formatValue(value: RawValue | null, series: Pick<Series, "type" | "unit">): Shown {
  return shown(value, series, inFull);
}

/** The same for where room is short: from a million on three digits and a letter, beyond letters an exponent. */
export function formatBrief(value: RawValue | null, series: Pick<Series, "type" | "unit">): Shown {
  return shown(value, series, inBrief);
}

/** `Processor 21.3 %`, as one would say it. */
export function spoken({ text, unit }: Shown): string {
  return `${text} ${unit}`.trim();
}

type Writer = (value: number, decimals: number) => string;

const inFull: Writer = (value, decimals) => withDecimals(value, decimals);
const inBrief: Writer = (value, decimals) => {
  const size = Math.abs(value);
  if (size < 1e6) return withDecimals(value, decimals);
  return size < 1e15 ? compact.format(value) : exponential(value, 3);
};

function shown(value: RawValue | null, { type, unit }: Pick<Series, "type" | "unit">, write: Writer): Shown {
  if (value === null || (typeof value === "number" && !Number.isFinite(value))) return NO_VALUE;
  if (type === "bool") return { text: value ? "On" : "Off", unit: "" };
  const number = Number(value);
  const steps = bytesPer(unit);
  if (!steps) {
    return {
      text: write(number, type === "int" && Number.isInteger(number) ? 0 : decimalsFor(number)),
      unit,
    };
  }
  const power = Math.min(steps.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(number))) / 10));
  const scaled = number / 1024 ** power;
  return { text: write(scaled, power === 0 ? 0 : decimalsFor(scaled)), unit: steps[power]! };
}

/** The binary multiples of a unit of bytes, `B` first; null for other units. */
export function bytesPer(unit: string): readonly string[] | null {
  const bytes = BYTE_UNIT.exec(unit);
  return bytes && BYTE_STEPS.map((step) => step + (bytes[1] ?? ""));
}

/** `9.22e18`, with at most `digits` digits and none that say nothing. */
export function exponential(value: number, digits: number): string {
  return Number(value.toPrecision(digits)).toExponential().replace("e+", "e");
}

export function formatAge(ageUs: number): string {
  const seconds = Math.max(0, Math.round(ageUs / 1_000_000));
  if (seconds < 2) return "now";
  return `${formatDuration(ageUs)} ago`;
}

export function formatDuration(us: number): string {
  const seconds = Math.max(0, Math.round(us / 1_000_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day" : `${days} days`;
}

function decimalsFor(value: number): number {
  const size = Math.abs(value);
  if (size >= 1_000) return 0;
  if (size >= 10 || size === 0) return 1;
  if (size >= 1) return 2;
  return 3;
}

/** Grouped digits, exactly `decimals` after the point. */
export function withDecimals(value: number, decimals: number): string {
  let formatter = formatters.get(decimals);
  if (!formatter) {
    formatter = new Intl.NumberFormat("en", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    formatters.set(decimals, formatter);
  }
  // "-0.0" is rounding, not news.
  return formatter.format(value).replace(/^-(0(?:\.0*)?)$/, "$1");
}
