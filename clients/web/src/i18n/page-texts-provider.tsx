"use client";
// Hands the texts of the page to code outside React.
import { useLocale, useMessages } from "next-intl";
import type { ReactNode } from "react";
import { setPageTexts } from "./page-texts";

export function PageTextsProvider({ children }: { children: ReactNode }) {
  const locale = useLocale();
  const messages = useMessages();
  // Before the first child renders. The server renders pages in several languages at once, so it keeps none.
  if (typeof window !== "undefined") setPageTexts(locale, messages);
  return children;
}
