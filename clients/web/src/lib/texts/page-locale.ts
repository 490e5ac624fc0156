// The language, the number format, the units and the time zone of the page, as the server has written them into the
// document.
import { isUnitSystem, type UnitSystem } from "../preferences";

/** The language of the page. English without a document. */
export function pageLocale(): string {
  return (typeof document === "undefined" ? "" : document.documentElement.lang) || "en";
}

/** The locale of dates in `language`: English ones have the day before the month, and 24 hours. */
export function dateLocale(language: string): string {
  return language === "en" ? "en-GB" : language;
}

/** The language whose number format the page uses. */
export function numberLocale(): string {
  const sign = typeof document === "undefined" ? undefined : document.documentElement.dataset.decimal;
  return numberLocaleOf(pageLocale(), sign);
}

/**
 * The language whose number format a page in `language` uses. `sign`: the chosen sign before the decimals, `point` or
 * `comma`; others mean that of the language. Messages are formatted with it too, so its plural rules must be those of
 * each language (`messages.test.ts`).
 */
export function numberLocaleOf<L extends string>(language: L, sign: string | undefined): L | "en" | "de" {
  if (sign === "point") return "en";
  return sign === "comma" ? "de" : language;
}

/** The system of units of the page; undefined means the units that devices declare. */
export function pageUnits(): UnitSystem | undefined {
  const system = typeof document === "undefined" ? undefined : document.documentElement.dataset.units;
  return isUnitSystem(system) ? system : undefined;
}

/** The time zone of the page; undefined means the browser's. */
export function pageTimeZone(): string | undefined {
  return (typeof document === "undefined" ? "" : document.documentElement.dataset.timeZone) || undefined;
}
