import { getTranslations } from "next-intl/server";
import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { signInNotice } from "@/features/auth/sign-in-notice";
import { sameSitePath } from "@/lib/same-site-path";
import { LoginScreen } from "./login-screen";

export const generateMetadata = pageTitle("login");

export default async function LoginPage({ searchParams }: PageProps<"/login">) {
  const { next, notice } = await searchParams;
  const name = signInNotice(notice);
  return (
    <PageMessages of={["login"]}>
      <LoginScreen
        next={sameSitePath(typeof next === "string" ? next : null)}
        notice={name && (await getTranslations("login.notices"))(name)}
      />
    </PageMessages>
  );
}
