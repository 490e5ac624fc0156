"use client";
// Hands the texts of the page to code outside React, and its language to components.
import { useLocale, useMessages } from "next-intl";
import { createContext, use, type ReactNode } from "react";
import { LOCALES, type Locale } from "./locale-names";
import { setPageTexts } from "./page-texts";

const PageLanguage = createContext<Locale>(LOCALES[0]);

/** The language of the page. next-intl's `useLocale` is the locale of numbers, which a person can choose. */
export function usePageLanguage(): Locale {
  return use(PageLanguage);
}

export function PageTextsProvider({ language, children }: { language: Locale; children: ReactNode }) {
  const locale = useLocale();
  const messages = useMessages();
  // Before the first child renders. The server renders pages in several languages at once, so it keeps none.
  if (typeof window !== "undefined") setPageTexts(locale, messages);
  return <PageLanguage value={language}>{children}</PageLanguage>;
}
