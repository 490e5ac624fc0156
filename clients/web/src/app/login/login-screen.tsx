"use client";
// Joins the sign-in page to the router.
import { useRouter } from "next/navigation";
import { LoginView } from "@/features/auth/login-view";

export function LoginScreen({ next }: { next: string }) {
  const router = useRouter();
  return <LoginView onSignedIn={() => router.replace(next)} />;
}
