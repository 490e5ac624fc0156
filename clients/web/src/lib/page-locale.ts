// The language, the number format and the time zone of the page, as the server has written them into the document.

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
  if (sign === "point") return "en";
  return sign === "comma" ? "de" : pageLocale();
}

/** The time zone of the page; undefined means the browser's. */
export function pageTimeZone(): string | undefined {
  return (typeof document === "undefined" ? "" : document.documentElement.dataset.timeZone) || undefined;
}
