// Formats numbers, units and ages for the screen.
import { pageTexts } from "@/i18n/page-texts";
import type { Series } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";
import { numberLocale } from "./page-locale";
import { converted, convertedDecimals, pageConversion, type Conversion } from "./units";

/** What a value is shown with. `keepsUnit`: the unit as declared, also for a person with other units. */
export type Valued = Pick<Series, "type" | "unit"> & { readonly keepsUnit?: boolean };

export type FormattedValue = { readonly text: string; readonly unit: string };

const BYTE_STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const BYTE_UNIT = /^(?:B|bytes?)(\/s)?$/i;
const NO_VALUE: FormattedValue = { text: "–", unit: "" };

const COMPACT: Intl.NumberFormatOptions = { notation: "compact", maximumSignificantDigits: 3 };
const EXACTLY: Intl.NumberFormatOptions = { maximumFractionDigits: 20 };
// A page has one language, so each formatter is made once.
const formatters = new Map<Intl.NumberFormatOptions | number, Intl.NumberFormat>();

// Larger numbers are written with an exponent.
const LEAST_EXPONENTIAL = 1e15;
const MAX_DIGITS = 7;
const LEAST_CONVERTED_DIGITS = 6;
const EXPONENT_DIGITS = 4;
const DAY_SECONDS = 86_400;
// A value below this share of the range is rounding noise.
const NOISE = 1e-15;

/**
 * Every digit of `value`, as it was stored. Bytes are not scaled. In the units of the person, a value has as many digits as
 * the stored one, and at least six.
 */
export function formatValue(value: RawValue | null, series: Valued): FormattedValue {
  const [fixed, number] = asNumber(value, series);
  if (fixed) return fixed;
  const conversion = conversionOf(series);
  if (!conversion) return { text: exactly(number), unit: series.unit };
  const digits = Math.min(12, Math.max(LEAST_CONVERTED_DIGITS, digitsOf(number)));
  const shown = Number(converted(number, conversion).toPrecision(digits));
  return { text: exactly(shown), unit: conversion.unit };
}

function conversionOf({ unit, keepsUnit }: Valued): Conversion | null {
  return keepsUnit ? null : pageConversion(unit);
}

function exactly(number: number): string {
  const size = Math.abs(number);
  const isPlain = number === 0 || (size >= 1e-6 && size < 1e21);
  return isPlain ? formatterOf(EXACTLY).format(number || 0) : shortExponent(String(number));
}

/** How many significant digits `value` has. */
function digitsOf(value: number): number {
  return value.toExponential().split("e")[0]!.replace(/[-.]/g, "").length;
}

/**
 * A short form of `value`, at least one digit long. It has more digits when the values on the screen differ only in these.
 * `span`: the difference between the highest and the lowest value on the screen; 0 when it is unknown. Bytes are scaled to
 * binary multiples. A series with a number of decimals has exactly those. `value` and `span` are in the unit of the series,
 * the text is in that of the person.
 */
export function formatBrief(
  value: RawValue | null,
  series: Valued & Partial<Pick<Series, "decimals">>,
  span = 0,
): FormattedValue {
  const [fixed, number] = asNumber(value, series);
  if (fixed) return fixed;
  const conversion = conversionOf(series);
  if (conversion) return briefConverted(number, conversion, series.decimals, span);
  const steps = bytesPer(series.unit);
  if (!steps) {
    const { decimals } = series;
    if (decimals != null && Math.abs(number) < LEAST_EXPONENTIAL)
      return { text: withDecimals(number, decimals), unit: series.unit };
    const isWhole = series.type === "int" && Number.isInteger(number);
    return { text: isWhole ? briefWhole(number) : briefly(number, span), unit: series.unit };
  }
  const size = Math.abs(number);
  const power = size < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log2(size) / 10));
  const scaled = number / 1024 ** power;
  return { text: power === 0 ? briefBytes(number) : briefScaled(scaled), unit: steps[power]! };
}

function briefConverted(
  number: number,
  conversion: Conversion,
  decimals: number | null | undefined,
  span: number,
): FormattedValue {
  const shown = converted(number, conversion);
  const isFixed = decimals != null && Math.abs(shown) < LEAST_EXPONENTIAL;
  return {
    text: isFixed
      ? withDecimals(shown, convertedDecimals(decimals, conversion))
      : briefly(shown, span * conversion.factor),
    unit: conversion.unit,
  };
}

/** The full value as text: for the title where the screen shows the short form. A converted one has the stored one too. */
export function formatFull(value: RawValue | null, series: Valued): string {
  if (typeof value === "number" && Number.isFinite(value) && series.type !== "bool" && conversionOf(series))
    return `${valueText(formatValue(value, series))} (${exactly(value)} ${series.unit})`;
  const brief = formatBrief(value, series);
  if (!bytesPer(series.unit) || brief.unit === series.unit || typeof value !== "number")
    return valueText(formatValue(value, series));
  // A fraction of a byte comes from a division, so it is rounded.
  return `${valueText(brief)} (${valueText(formatValue(Math.round(value), series))})`;
}

/** The value with its unit: `21.3 %`. */
export function valueText({ text, unit }: FormattedValue): string {
  return `${text} ${unit}`.trim();
}

function asNumber(
  value: RawValue | null,
  { type }: Pick<Series, "type">,
): [fixed: FormattedValue, number: 0] | [fixed: null, number: number] {
  if (value === null || (typeof value === "number" && !Number.isFinite(value))) return [NO_VALUE, 0];
  if (type === "bool") return [{ text: pageTexts("common.values")(value ? "on" : "off"), unit: "" }, 0];
  return [null, Number(value)];
}

function briefly(value: number, span: number): string {
  if (value !== 0 && Math.abs(value) < Math.min(span, Number.MAX_VALUE) * NOISE) return briefly(0, span);
  const size = Math.abs(value);
  if (size >= LEAST_EXPONENTIAL) return exponential(value, EXPONENT_DIGITS);
  if (size >= 1e6) return formatterOf(COMPACT).format(value);
  if (size > 0 && size < 1e-3) {
    return size < 1e-4
      ? exponential(value, EXPONENT_DIGITS)
      : formatterOf(EXACTLY).format(Number(value.toPrecision(3)));
  }
  const wholeDigits = size < 10 ? 1 : Math.floor(Math.log10(size)) + 1;
  const bySpan = span > 0 ? 2 - Math.floor(Math.log10(span) + 1e-9) : 0;
  const most = Math.max(0, Math.min(MAX_DIGITS - wholeDigits, decimalsOf(value)));
  return withDecimals(value, Math.max(decimalsFor(value), Math.min(bySpan, most)));
}

/** How many decimals `value` has. */
function decimalsOf(value: number): number {
  return String(value).split(".")[1]?.length ?? 0;
}

/** The decimals for three digits. Values from 100 to 9,999 keep up to two decimals, for example 1,013.25. */
function decimalsFor(value: number): number {
  const size = Math.abs(value);
  if (size >= 1e5) return 0;
  if (size >= 1e4) return 1;
  if (size >= 100) return Math.min(2, Math.max(1, decimalsOf(value)));
  if (size >= 10 || size === 0) return 1;
  if (size >= 1) return 2;
  return Math.min(5, 2 - Math.floor(Math.log10(size)));
}

function briefWhole(value: number): string {
  const size = Math.abs(value);
  if (size < 1e6) return withDecimals(value, 0);
  return size < LEAST_EXPONENTIAL ? formatterOf(COMPACT).format(value) : exponential(value, EXPONENT_DIGITS);
}

function briefBytes(value: number): string {
  return Number.isInteger(value) ? withDecimals(value, 0) : briefly(value, 0);
}

function briefScaled(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return briefWhole(value);
  return withDecimals(value, size >= 1_000 ? 0 : size >= 10 ? 1 : 2);
}

/** The binary multiples of a byte unit, `B` first; null for other units. */
export function bytesPer(unit: string): readonly string[] | null {
  const bytes = BYTE_UNIT.exec(unit);
  return bytes && BYTE_STEPS.map((step) => step + (bytes[1] ?? ""));
}

/** `9.22e18`, with at most `digits` digits and without trailing zeros. */
export function exponential(value: number, digits: number): string {
  return shortExponent(value.toExponential(Math.min(100, Math.max(0, digits - 1))));
}

/** Shortens an exponent form: `1.20e+308` becomes `1.2e308`. */
function shortExponent(text: string): string {
  return text.replace(/(\.\d*?)0+(?=e)/, "$1").replace(/\.?e\+?/, "e");
}

export function formatAge(ageUs: number): string {
  const seconds = Math.max(0, Math.round(ageUs / 1_000_000));
  const t = pageTexts("common.values");
  if (seconds < 2) return t("now");
  if (seconds >= DAY_SECONDS) return t("daysAgo", { days: Math.floor(seconds / DAY_SECONDS) });
  return t("ago", { duration: formatDuration(ageUs) });
}

export function formatDuration(us: number): string {
  const seconds = Math.max(0, Math.round(us / 1_000_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < DAY_SECONDS) return `${Math.floor(seconds / 3_600)} h`;
  return pageTexts("common.values")("days", { days: Math.floor(seconds / DAY_SECONDS) });
}

/** Grouped digits with exactly `decimals` decimals. */
export function withDecimals(value: number, decimals: number): string {
  // Rounding may give "-0.0".
  return formatterOf(decimals)
    .format(value)
    .replace(/^-(0(?:[.,]0*)?)$/, "$1");
}

/** `how`: the options, or the number of decimals. */
function formatterOf(how: Intl.NumberFormatOptions | number): Intl.NumberFormat {
  let formatter = formatters.get(how);
  if (!formatter) {
    const options =
      typeof how === "number" ? { minimumFractionDigits: how, maximumFractionDigits: how } : how;
    formatter = new Intl.NumberFormat(numberLocale(), options);
    formatters.set(how, formatter);
  }
  return formatter;
}
