"use client";
// Joins the sign-in page to the router.
import { useRouter } from "next/navigation";
import { LoginView } from "@/features/auth/login-view";

export function LoginScreen({ next, notice }: { next: string; notice: string | null }) {
  const router = useRouter();
  return (
    <LoginView notice={notice} onSignedIn={(mustEnrol) => router.replace(mustEnrol ? "/security" : next)} />
  );
}
