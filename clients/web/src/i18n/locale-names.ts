// The languages of the pages.

/** ISO 639 codes. The first one is the language of a person whose own language is not here. */
export const LOCALES = ["en", "de"] as const;

export type Locale = (typeof LOCALES)[number];

/** Stores the language that a person chose. */
export const LOCALE_COOKIE = "pulse_locale";

export function isLocale(candidate: string | undefined): candidate is Locale {
  return LOCALES.some((locale) => locale === candidate);
}
