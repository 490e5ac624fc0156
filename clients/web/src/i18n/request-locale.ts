// Chooses the language of a request. On the server only.
import Negotiator from "negotiator";
import { isLocale, LOCALES, type Locale } from "./locale-names";

/** The chosen language, or else the first one that the browser asks for and that exists. `accepted`: Accept-Language. */
export function localeOf(chosen: string | undefined, accepted: string | null): Locale {
  if (isLocale(chosen)) return chosen;
  const headers = { "accept-language": accepted ?? undefined };
  const best = new Negotiator({ headers }).language([...LOCALES]);
  return isLocale(best) ? best : LOCALES[0];
}
