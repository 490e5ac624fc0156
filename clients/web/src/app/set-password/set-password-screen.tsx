"use client";
// Connects the page that sets a password to the router.
import { useRouter } from "next/navigation";
import { browserSession } from "@/features/auth/browser-session";
import { signInAddress } from "@/features/auth/sign-in-notice";
import { pageLinkToken } from "@/features/security/link-token";
import { SetPasswordFrame, SetPasswordView } from "@/features/security/set-password-view";
import { useIsHydrated } from "@/lib/use-is-hydrated";

export function SetPasswordScreen() {
  const router = useRouter();
  // The token follows "#", so the server never gets it. Only the browser knows whether there is a link.
  if (!useIsHydrated()) return <SetPasswordFrame />;
  return (
    <SetPasswordView
      link={pageLinkToken()}
      onSet={(email) => {
        browserSession().suggestEmail(email);
        router.replace(signInAddress("password-set"));
      }}
    />
  );
}
