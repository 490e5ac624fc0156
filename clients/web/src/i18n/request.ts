// The language and the texts of one request. next-intl loads this file by its name.
import { getRequestConfig } from "next-intl/server";
import { cookies, headers } from "next/headers";
import { LOCALE_COOKIE, type Locale } from "./locale-names";
import { localeOf } from "./request-locale";
import type { Messages } from "@/messages/en";

const MESSAGES: Readonly<Record<Locale, () => Promise<{ default: Messages }>>> = {
  en: () => import("@/messages/en"),
  de: () => import("@/messages/de"),
};

export default getRequestConfig(async () => {
  const locale = localeOf(
    (await cookies()).get(LOCALE_COOKIE)?.value,
    (await headers()).get("accept-language"),
  );
  return { locale, messages: (await MESSAGES[locale]()).default };
});
