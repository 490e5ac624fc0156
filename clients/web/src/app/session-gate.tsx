"use client";
// Guards every signed-in page. It redirects to the sign-in page without a session, and shows a notice without permission.
import { ServerOff } from "lucide-react";
import { usePathname, useRouter } from "next/navigation";
import { useEffect, type ReactNode } from "react";
import { AppShell } from "@/components/app-shell";
import { NoticeState } from "@/components/notice-state";
import { MissingPermission } from "@/components/rbac-guard";
import { ThemeMenu } from "@/components/theme-menu";
import type { Permission } from "@/contracts/generated/permissions";
import { AccountMenu } from "@/features/auth/account-menu";
import { browserSession } from "@/features/auth/browser-session";
import type { Session, SessionState, SignedInState } from "@/features/auth/session";
import { signInAddress } from "@/features/auth/sign-in-notice";
import { useSessionState } from "@/features/auth/use-session";
import { everyRoleCan, sessionCan } from "@/lib/permissions";
import { useIsHydrated } from "@/lib/use-is-hydrated";

/** The page that sets up a second factor. */
const SECURITY = "/security";

type SessionGateProps = {
  title: string;
  needs: Permission;
  /** Shown until the session is known. */
  skeleton: ReactNode;
  children: (session: Session, state: SignedInState) => ReactNode;
};

export function SessionGate(props: SessionGateProps) {
  // The session exists in the browser only, so the server renders the frame.
  return useIsHydrated() ? <WithSession {...props} session={browserSession()} /> : <Frame {...props} />;
}

function WithSession({ session, children, ...frame }: SessionGateProps & { session: Session }) {
  const state = useSessionState(session);
  const router = useRouter();
  const pathname = usePathname();
  useEffect(() => session.start(), [session]);
  const elsewhere = addressFor(state, pathname);
  useEffect(() => {
    if (elsewhere) router.replace(elsewhere);
  }, [elsewhere, router]);

  if (elsewhere || state.status === "starting") return <Frame {...frame} />;
  if (state.status !== "signed-in") return <Frame {...frame} problem={problemOf(state)} />;
  if (sessionCan(state)(frame.needs)) return children(session, state);
  return (
    <AppShell
      can={sessionCan(state)}
      picker={null}
      account={<AccountMenu session={session} account={state.account} />}
      breadcrumb={<p className="truncate text-ui text-fg-2">{frame.title}</p>}
      status={<ThemeMenu />}
    >
      <MissingPermission needs={frame.needs} what="this page" className="min-h-[60dvh]" />
    </AppShell>
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
function Frame({ title, skeleton, problem }: Omit<SessionGateProps, "children"> & { problem?: string }) {
  return (
    <AppShell
      can={everyRoleCan}
      picker={null}
      account={<div className="h-11" />}
      breadcrumb={<p className="truncate text-ui text-fg-2">{title}</p>}
      status={<ThemeMenu />}
    >
      {problem ? (
        <NoticeState
          icon={ServerOff}
          title="Your sign-in could not be checked"
          tone="crit"
          role="alert"
          className="min-h-[60dvh]"
        >
          {problem}. This page retries automatically.
        </NoticeState>
      ) : (
        skeleton
      )}
    </AppShell>
  );
}
