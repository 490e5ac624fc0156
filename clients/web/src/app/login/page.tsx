import type { Metadata } from "next";
import { signInNotice } from "@/features/auth/sign-in-notice";
import { sameSitePath } from "@/lib/same-site-path";
import { LoginScreen } from "./login-screen";

export const metadata: Metadata = { title: "Sign in" };

export default async function LoginPage({ searchParams }: PageProps<"/login">) {
  const { next, notice } = await searchParams;
  return (
    <LoginScreen next={sameSitePath(typeof next === "string" ? next : null)} notice={signInNotice(notice)} />
  );
}
