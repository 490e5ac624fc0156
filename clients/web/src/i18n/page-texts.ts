// The texts of the page for code outside React, such as error messages and form schemas. Components use `useTranslations`.
import { createTranslator, type NamespaceKeys, type NestedKeyOf } from "next-intl";
import type { Messages } from "@/messages/en";
import type { Locale } from "./locale-names";

// A translator parses each message once.
const translators = new Map<string, unknown>();

let page: { locale: Locale; messages: Messages } | null = null;

/**
 * Adds texts that the page has. A page has one language: choosing another one loads the page again. `locale`: of the
 * numbers in them.
 */
export function setPageTexts(locale: Locale, messages: Messages): void {
  translators.clear();
  page = { locale, messages: { ...page?.messages, ...messages } };
}

/** The translator of `namespace`. Call it in the browser only, when the text is needed. */
export function pageTexts<N extends NamespaceKeys<Messages, NestedKeyOf<Messages>>>(namespace: N) {
  if (!page) throw new Error("The page has no texts yet.");
  const known = translators.get(namespace);
  if (known) return known as ReturnType<typeof translatorOf<N>>;
  const made = translatorOf(page, namespace);
  translators.set(namespace, made);
  return made;
}

function translatorOf<N extends NamespaceKeys<Messages, NestedKeyOf<Messages>>>(
  texts: { locale: Locale; messages: Messages },
  namespace: N,
) {
  return createTranslator<Messages, N>({ ...texts, namespace });
}
