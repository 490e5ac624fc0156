// Numbers, units and ages as they are read on the screen.
import type { Series } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";

export type Shown = { readonly text: string; readonly unit: string };

const BYTE_STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const BYTE_UNIT = /^(?:B|bytes?)(\/s)?$/i;
const NO_VALUE: Shown = { text: "–", unit: "" };

const formatters = new Map<number, Intl.NumberFormat>();

/** `value` with as many decimals as its size needs; bytes in binary multiples. */
export function formatValue(value: RawValue | null, { type, unit }: Pick<Series, "type" | "unit">): Shown {
  if (value === null || (typeof value === "number" && !Number.isFinite(value))) return NO_VALUE;
  if (type === "bool") return { text: value ? "On" : "Off", unit: "" };
  const number = Number(value);
  const bytes = BYTE_UNIT.exec(unit);
  if (bytes) return formatBytes(number, bytes[1] ?? "");
  return {
    text: withDecimals(number, type === "int" && Number.isInteger(number) ? 0 : decimalsFor(number)),
    unit,
  };
}

function formatBytes(value: number, perSecond: string): Shown {
  const power = Math.min(BYTE_STEPS.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10));
  const scaled = value / 1024 ** power;
  return {
    text: withDecimals(scaled, power === 0 ? 0 : decimalsFor(scaled)),
    unit: `${BYTE_STEPS[power]}${perSecond}`,
  };
}

export function isBytes(unit: string): boolean {
  return BYTE_UNIT.test(unit);
}

/** The label of an axis tick; `spacing` is the distance between two ticks. */
export function formatAxis(value: number, spacing: number, unit: string): string {
  const bytes = BYTE_UNIT.exec(unit);
  if (bytes) {
    const { text, unit: shown } = formatBytes(value, "");
    return value === 0
      ? "0"
      : `${text.replace(/\.?0+$/, (zeros) => (text.includes(".") ? "" : zeros))} ${shown.replace("iB", "")}`;
  }
  if (Math.abs(value) >= 10_000) return new Intl.NumberFormat("en", { notation: "compact" }).format(value);
  let decimals = 0;
  // As many as tell two ticks apart: a spacing of 2.5 needs one, 0.25 two.
  while (decimals < 6 && Math.abs(spacing * 10 ** decimals - Math.round(spacing * 10 ** decimals)) > 1e-6)
    decimals += 1;
  return (
    withDecimals(value, decimals) + (unit === "%" || unit === "°C" || unit === "°F" ? unit.charAt(0) : "")
  );
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

function withDecimals(value: number, decimals: number): string {
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
