// Gives a page the texts that it needs, so that no page carries the texts of all others.
import { NextIntlClientProvider } from "next-intl";
import { getLocale, getMessages } from "next-intl/server";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import type { Messages } from "@/messages/en";
import { numberLocaleOf } from "@/lib/texts/page-locale";
import { DECIMAL_COOKIE } from "@/lib/preferences";
import { PageTextsProvider } from "./page-texts-provider";

export type Namespace = keyof Messages;

/** The texts of the components that every page has. */
const SHARED = [
  "common",
  "errors",
  "pages",
  "palette",
  "permissions",
] as const satisfies readonly Namespace[];

type PageMessagesProps = {
  /** The namespaces of the page, beside the shared ones. */
  of?: readonly Namespace[];
  children: ReactNode;
};

export async function PageMessages({ of = [], children }: PageMessagesProps) {
  const all = await getMessages();
  const language = await getLocale();
  const sign = (await cookies()).get(DECIMAL_COOKIE)?.value;
  const needed = Object.fromEntries([...SHARED, ...of].map((name) => [name, all[name]]));
  return (
    // Messages write their numbers in the number format of the person, so this locale may differ from the language.
    <NextIntlClientProvider locale={numberLocaleOf(language, sign)} messages={needed}>
      <PageTextsProvider language={language}>{children}</PageTextsProvider>
    </NextIntlClientProvider>
  );
}
