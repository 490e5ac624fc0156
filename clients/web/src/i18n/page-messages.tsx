// Gives a page the texts that it needs, so that no page carries the texts of all others.
import { NextIntlClientProvider } from "next-intl";
import { getMessages } from "next-intl/server";
import type { ReactNode } from "react";
import type { Messages } from "@/messages/en";
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
  const needed = Object.fromEntries([...SHARED, ...of].map((name) => [name, all[name]]));
  return (
    <NextIntlClientProvider messages={needed}>
      <PageTextsProvider>{children}</PageTextsProvider>
    </NextIntlClientProvider>
  );
}
