"use client";
// Connects the sign-in page to the router.
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { browserSession } from "@/features/auth/browser-session";
import { LoginView } from "@/features/auth/login-view";
import { forgetLastValues } from "@/lib/readings/last-values";
import { useIsHydrated } from "@/lib/use-is-hydrated";

export function LoginScreen({ next, notice }: { next: string; notice: string | null }) {
  const router = useRouter();
  const isHydrated = useIsHydrated();
  // The session may have ended while the browser was closed.
  useEffect(forgetLastValues, []);
  const email = isHydrated ? browserSession().suggestedEmail : "";
  return (
    <LoginView
      key={email}
      email={email}
      notice={notice}
      onSignedIn={(mustEnrol) => router.replace(mustEnrol ? "/security" : next)}
    />
  );
}
