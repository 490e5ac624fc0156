import { PageMessages } from "@/i18n/page-messages";
import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { PersonScreen } from "./person-screen";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("pages"))("users") };
}

export default async function PersonPage({ params }: PageProps<"/users/[user]">) {
  return (
    <PageMessages of={["users", "security"]}>
      <PersonScreen id={(await params).user.slice(0, 64)} />
    </PageMessages>
  );
}
