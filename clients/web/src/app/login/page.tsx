import type { Metadata } from "next";
import { sameSitePath } from "@/lib/same-site-path";
import { LoginScreen } from "./login-screen";

export const metadata: Metadata = { title: "Sign in" };

export default async function LoginPage({ searchParams }: PageProps<"/login">) {
  const { next } = await searchParams;
  return <LoginScreen next={sameSitePath(typeof next === "string" ? next : null)} />;
}
