"use client";
// What every signed-in page begins with: a session, or the way to one; and whether one may see the page.
import { Lock, ServerOff } from "lucide-react";
import { usePathname, useRouter } from "next/navigation";
import { useEffect, type ReactNode } from "react";
import { AppShell } from "@/components/app-shell";
import { NoticeState } from "@/components/notice-state";
import { ThemeMenu } from "@/components/theme-menu";
import type { Permission } from "@/contracts/generated/permissions";
import { AccountMenu } from "@/features/auth/account-menu";
import { browserSession } from "@/features/auth/browser-session";
import type { Session, SessionState, SignedInState } from "@/features/auth/session";
import { signInAddress } from "@/features/auth/sign-in-notice";
import { useSessionState } from "@/features/auth/use-session";
import { mayEverybody, mayOf } from "@/lib/permissions";
import { useIsHydrated } from "@/lib/use-is-hydrated";

/** Where a second factor is set up. */
const SECURITY = "/security";

type SessionGateProps = {
  title: string;
  needs: Permission;
  /** The page while nobody knows yet who looks at it. */
  skeleton: ReactNode;
  children: (session: Session, state: SignedInState) => ReactNode;
};

export function SessionGate(props: SessionGateProps) {
  // Session, socket and storage exist in the browser only; the server renders the frame.
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
  if (state.status !== "signed-in") return <Frame {...frame} problem={detailOf(state)} />;
  if (mayOf(state)(frame.needs)) return children(session, state);
  return (
    <AppShell
      may={mayOf(state)}
      picker={null}
      account={<AccountMenu session={session} account={state.account} />}
      breadcrumb={<p className="truncate text-ui text-fg-2">{frame.title}</p>}
      status={<ThemeMenu />}
    >
      <NoticeState icon={Lock} title="Your account has no access to this page" className="min-h-[60dvh]">
        An administrator decides what your role may see.
      </NoticeState>
    </AppShell>
  );
}

/** Where this session has to go instead of here; null when it may stay. */
function addressFor(state: SessionState, pathname: string): string | null {
  if (state.status === "signed-in") return state.mustEnrol && pathname !== SECURITY ? SECURITY : null;
  if (state.status !== "signed-out") return null;
  // A new password is no reason to come back to where it was set.
  return signInAddress(
    state.why,
    state.why === "password-changed" ? undefined : location.pathname + location.search,
  );
}

function detailOf(state: SessionState): string | undefined {
  return state.status === "unreachable" ? state.detail : undefined;
}

/** The page without a session: still starting, or auth cannot be reached. */
function Frame({ title, skeleton, problem }: Omit<SessionGateProps, "children"> & { problem?: string }) {
  return (
    <AppShell
      may={mayEverybody}
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
          {problem} This page tries again by itself.
        </NoticeState>
      ) : (
        skeleton
      )}
    </AppShell>
  );
}
