"use client";
// Joins session, live feed and dashboard: the one place that knows all three.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ServerOff } from "lucide-react";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState, useSyncExternalStore } from "react";
import { AppShell } from "@/components/app-shell";
import { NoticeState } from "@/components/notice-state";
import { ThemeMenu } from "@/components/theme-menu";
import type { Account } from "@/contracts/http";
import { AccountMenu } from "@/features/auth/account-menu";
import { browserSession } from "@/features/auth/browser-session";
import type { Session } from "@/features/auth/session";
import { useSessionState } from "@/features/auth/use-session";
import { Backlogs } from "@/features/dashboard/backlog";
import { Dashboard } from "@/features/dashboard/dashboard";
import { DashboardSkeleton } from "@/features/dashboard/dashboard-skeleton";
import { applyDeviceChange } from "@/features/dashboard/inventory";
import { createBrowserFeed } from "@/features/live/browser-feed";
import { ConnectionPill } from "@/features/live/connection-pill";
import { exposeFeed } from "@/features/live/debug-hook";
import { createApiClient } from "@/lib/api-client";

const never = () => () => {};

export function DashboardScreen() {
  const isBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  // Session, socket and storage exist in the browser only; the server renders the frame.
  return isBrowser ? <WithSession session={browserSession()} /> : <Frame />;
}

function WithSession({ session }: { session: Session }) {
  const state = useSessionState(session);
  const router = useRouter();
  useEffect(() => session.start(), [session]);
  useEffect(() => {
    if (state.status !== "signed-out") return;
    router.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }, [state.status, router]);

  if (state.status === "signed-in") return <SignedIn session={session} account={state.account} />;
  return <Frame problem={state.status === "unreachable" ? state.detail : undefined} />;
}

function SignedIn({ session, account }: { session: Session; account: Account }) {
  const parameters = useSearchParams();
  const [client] = useState(() => new QueryClient());
  const [api] = useState(() => createApiClient(session));
  const [backlogs] = useState(() => new Backlogs());
  const [feed] = useState(() =>
    createBrowserFeed({ api, tokens: session, deviceChanged: (change) => applyDeviceChange(client, change) }),
  );
  useEffect(() => {
    feed.start();
    const hide = exposeFeed(feed);
    const networkChanged = () => feed.connection.networkChanged();
    window.addEventListener("online", networkChanged);
    window.addEventListener("offline", networkChanged);
    return () => {
      window.removeEventListener("online", networkChanged);
      window.removeEventListener("offline", networkChanged);
      hide();
      feed.stop();
    };
  }, [feed]);

  const show = (name: "range" | "device", value: string) => {
    const next = new URLSearchParams(location.search);
    next.set(name, value);
    next.delete("denied");
    window.history.replaceState(null, "", `?${next}`);
  };

  return (
    <QueryClientProvider client={client}>
      <Dashboard
        feed={feed}
        backlogs={backlogs}
        api={api}
        rangeKey={parameters.get("range")}
        deviceId={parameters.get("device")}
        isDenied={parameters.get("denied") === "1"}
        onRange={(key) => show("range", key)}
        onDevice={(id) => show("device", id)}
        status={
          <>
            <ConnectionPill feed={feed} />
            <ThemeMenu />
          </>
        }
        account={<AccountMenu session={session} account={account} />}
      />
    </QueryClientProvider>
  );
}

/** The page without a session: still starting, or auth cannot be reached. */
function Frame({ problem }: { problem?: string }) {
  return (
    <AppShell
      picker={null}
      account={<div className="h-11" />}
      breadcrumb={<p className="truncate text-ui text-fg-2">Dashboard</p>}
      status={<ThemeMenu />}
    >
      {problem ? (
        <NoticeState
          icon={ServerOff}
          title="The sign-in service cannot be reached"
          tone="crit"
          role="alert"
          className="min-h-[60dvh]"
        >
          {problem} This page tries again by itself.
        </NoticeState>
      ) : (
        <DashboardSkeleton />
      )}
    </AppShell>
  );
}
