"use client";
// Guards every signed-in page. It redirects to the sign-in page without a session, and shows a notice without permission.
import { ServerOff } from "lucide-react";
import { useTranslations } from "next-intl";
import { usePathname, useRouter } from "next/navigation";
import { useEffect, type ReactNode } from "react";
import { ShellPalette } from "@/app/shell-palette";
import { AppShell } from "@/components/app-shell";
import { NoticeState } from "@/components/notice-state";
import { MissingPermission } from "@/components/rbac-guard";
import { ThemeMenu } from "@/components/theme-menu";
import { AccountMenu } from "@/features/auth/account-menu";
import { browserSession } from "@/features/auth/browser-session";
import type { Session, SessionState, SignedInState } from "@/features/auth/session";
import { signInAddress } from "@/features/auth/sign-in-notice";
import { useSessionState } from "@/features/auth/use-session";
import { createApiClient } from "@/lib/api/api-client";
import { adoptPreferences, forgetAccount } from "@/lib/preference-store";
import { everyRoleCan, sessionCan } from "@/lib/permissions";
import { pageAt, type PageHref } from "@/lib/site-map";
import { forgetLastValues } from "@/lib/readings/last-values";
import { registerServiceWorker } from "@/lib/service-worker";
import { useIsHydrated } from "@/lib/use-is-hydrated";

/** The page that sets up a second factor. */
const SECURITY = "/security";

type SessionGateProps = {
  page: PageHref;
  /** Shown until the session is known. */
  skeleton: ReactNode;
  children: (session: Session, state: SignedInState) => ReactNode;
};

export function SessionGate(props: SessionGateProps) {
  // The session exists in the browser only, so the server renders the frame.
  return useIsHydrated() ? <WithSession {...props} session={browserSession()} /> : <Frame {...props} />;
}

function WithSession({ session, children, ...frame }: SessionGateProps & { session: Session }) {
  const { name, needs } = pageAt(frame.page);
  const t = useTranslations();
  const state = useSessionState(session);
  const router = useRouter();
  const pathname = usePathname();
  useEffect(() => session.start(), [session]);
  useEffect(() => {
    if (state.status !== "signed-in") return;
    const api = createApiClient(session);
    // Without them the page keeps what this browser has.
    adoptPreferences(api).catch(() => undefined);
    return () => forgetAccount(api);
  }, [session, state.status]);
  useEffect(() => {
    if (state.status === "signed-in") registerServiceWorker();
    if (state.status === "signed-out") forgetLastValues();
  }, [state.status]);
  const elsewhere = addressFor(state, pathname);
  useEffect(() => {
    if (elsewhere) router.replace(elsewhere);
  }, [elsewhere, router]);

  if (elsewhere || state.status === "starting") return <Frame {...frame} />;
  if (state.status !== "signed-in") return <Frame {...frame} problem={problemOf(state)} />;
  if (sessionCan(state)(needs)) {
    return (
      <ShellPalette session={session} state={state}>
        {children(session, state)}
      </ShellPalette>
    );
  }
  return (
    <ShellPalette session={session} state={state}>
      <AppShell
        can={sessionCan(state)}
        picker={null}
        account={<AccountMenu session={session} account={state.account} />}
        breadcrumb={<p className="truncate text-ui text-fg-2">{t(`pages.${name}`)}</p>}
        status={<ThemeMenu />}
      >
        <MissingPermission needs={needs} what={t("common.noAccess.thisPage")} className="min-h-[60dvh]" />
      </AppShell>
    </ShellPalette>
  );
}

/** The address that this session must go to; null when it may stay. */
function addressFor(state: SessionState, pathname: string): string | null {
  if (state.status === "signed-in") return state.mustEnrol && pathname !== SECURITY ? SECURITY : null;
  if (state.status !== "signed-out") return null;
  // After a password change, sign-in does not return to the page that changed it.
  return signInAddress(
    state.reason,
    state.reason === "password-changed" ? undefined : location.pathname + location.search,
  );
}

function problemOf(state: SessionState): string | undefined {
  return state.status === "unreachable" ? state.problem : undefined;
}

/** The page without a session: it is still starting, or auth cannot be reached. */
function Frame({ page, skeleton, problem }: Omit<SessionGateProps, "children"> & { problem?: string }) {
  const t = useTranslations();
  return (
    <AppShell
      can={everyRoleCan}
      picker={null}
      account={<div className="h-11" />}
      breadcrumb={<p className="truncate text-ui text-fg-2">{t(`pages.${pageAt(page).name}`)}</p>}
      status={<ThemeMenu />}
    >
      {problem ? (
        <NoticeState
          icon={ServerOff}
          title={t("common.session.unchecked")}
          tone="crit"
          role="alert"
          className="min-h-[60dvh]"
        >
          {t("common.session.retries", { problem })}
        </NoticeState>
      ) : (
        skeleton
      )}
    </AppShell>
  );
}
