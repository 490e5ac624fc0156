"use client";
// The words of the dashboards of users.
import { useTranslations } from "next-intl";

export type Text = ReturnType<typeof useText>;

export function useText() {
  return useTranslations("boards");
}
