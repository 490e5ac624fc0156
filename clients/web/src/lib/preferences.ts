// How a person wants the pages to look. The users service stores it with the account. Cookies carry it to the server, so
// that each page is right from its first paint.
import type { Preferences } from "@/contracts/http";
import { isLocale, LOCALE_COOKIE } from "@/i18n/locale-names";
import { isTheme, THEME_COOKIE } from "./theme";

export const TIME_ZONE_COOKIE = "pulse_time_zone";
export const DECIMAL_COOKIE = "pulse_decimal";
export const UNITS_COOKIE = "pulse_units";

/** The preferences that change how pages look. */
export type PagePreferences = Omit<Preferences, "views">;

const YEAR_SECONDS = 31_536_000;

/** Stores the value in a cookie; null deletes it. */
export function setPreferenceCookie(name: string, value: string | null): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = value === null ? 0 : YEAR_SECONDS;
  document.cookie = `${name}=${encodeURIComponent(value ?? "")}; path=/; max-age=${age}; samesite=lax${secure}`;
}

/**
 * The language and the theme that were chosen in this browser. The other cookies may be those of the account that was
 * signed in before.
 */
export function browserChoices(): Pick<Preferences, "language" | "theme"> {
  const language = preferenceCookie(LOCALE_COOKIE);
  const theme = preferenceCookie(THEME_COOKIE);
  return { language: isLocale(language) ? language : null, theme: isTheme(theme) ? theme : "system" };
}

function preferenceCookie(name: string): string | undefined {
  const start = `${name}=`;
  return document.cookie
    .split("; ")
    .find((cookie) => cookie.startsWith(start))
    ?.slice(start.length);
}

/**
 * Stores the preferences in this browser. Returns whether the page has to be loaded again, because it was rendered in
 * another language, time zone, number format or system of units.
 */
export function applyPreferences(preferences: PagePreferences): boolean {
  const { language, theme } = preferences;
  const hadLanguage = document.cookie.includes(`${LOCALE_COOKIE}=`);
  setPreferenceCookie(LOCALE_COOKIE, language);
  setPreferenceCookie(THEME_COOKIE, theme === "system" ? null : theme);
  document.documentElement.dataset.theme = theme;
  const isOtherLanguage = language === null ? hadLanguage : language !== document.documentElement.lang;
  return applyRegion(preferences) || isOtherLanguage;
}

/** Like `applyPreferences`, for the time zone, the number format and the units: nobody else's may stay in this browser. */
export function applyRegion({ time_zone, decimal_sign, units }: PagePreferences): boolean {
  const sign = decimal_sign === "language" ? null : decimal_sign;
  setPreferenceCookie(TIME_ZONE_COOKIE, time_zone);
  const system = units === "declared" ? null : units;
  setPreferenceCookie(DECIMAL_COOKIE, sign);
  setPreferenceCookie(UNITS_COOKIE, system);
  const { timeZone, decimal, units: shown } = document.documentElement.dataset;
  const pairs = [
    [time_zone, timeZone],
    [sign, decimal],
    [system, shown],
  ];
  return pairs.some(([chosen, rendered]) => (chosen ?? "") !== (rendered ?? ""));
}

/** A time zone that this server knows; undefined for another text, which a cookie may hold. */
export function knownTimeZone(name: string | undefined): string | undefined {
  if (!name || name.length > 64) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) && name;
  } catch {
    return undefined;
  }
}

export type DecimalSign = "point" | "comma";

export type UnitSystem = "metric" | "imperial";

export function isUnitSystem(name: string | undefined): name is UnitSystem {
  return name === "metric" || name === "imperial";
}

export function isDecimalSign(name: string | undefined): name is DecimalSign {
  return name === "point" || name === "comma";
}
