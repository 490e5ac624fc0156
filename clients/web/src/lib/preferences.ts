// How a person wants the pages to look. The users service stores it with the account. Cookies carry it to the server, so
// that each page is right from its first paint.
import type { Preferences } from "@/contracts/http";
import { LOCALE_COOKIE } from "@/i18n/locale-names";
import { THEME_COOKIE } from "./theme";

export const TIME_ZONE_COOKIE = "pulse_time_zone";
export const DECIMAL_COOKIE = "pulse_decimal";

const YEAR_SECONDS = 31_536_000;

/** Stores the value in a cookie; null deletes it. */
export function setPreferenceCookie(name: string, value: string | null): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = value === null ? 0 : YEAR_SECONDS;
  document.cookie = `${name}=${encodeURIComponent(value ?? "")}; path=/; max-age=${age}; samesite=lax${secure}`;
}

/**
 * Stores the preferences in this browser. Returns whether the page has to be loaded again, because it was rendered in
 * another language, time zone or number format.
 */
export function applyPreferences({ language, theme, time_zone, decimal_sign }: Preferences): boolean {
  if (language !== null) setPreferenceCookie(LOCALE_COOKIE, language);
  setPreferenceCookie(THEME_COOKIE, theme === "system" ? null : theme);
  setPreferenceCookie(TIME_ZONE_COOKIE, time_zone);
  setPreferenceCookie(DECIMAL_COOKIE, decimal_sign === "language" ? null : decimal_sign);
  const { dataset, lang } = document.documentElement;
  dataset.theme = theme;
  return (
    (language !== null && language !== lang) ||
    (time_zone ?? "") !== (dataset.timeZone ?? "") ||
    (decimal_sign === "language" ? "" : decimal_sign) !== (dataset.decimal ?? "")
  );
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

export function isDecimalSign(name: string | undefined): name is DecimalSign {
  return name === "point" || name === "comma";
}
