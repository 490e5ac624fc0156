"use client";
// Connects session, live feed and dashboard.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useSearchParams } from "next/navigation";
import { useState } from "react";
import { SessionGate } from "@/app/session-gate";
import { ThemeMenu } from "@/components/theme-menu";
import { AccountMenu } from "@/features/auth/account-menu";
import type { Session, SignedInState } from "@/features/auth/session";
import { Backlogs } from "@/features/dashboard/devices/backlog";
import { Dashboard } from "@/features/dashboard/dashboard";
import { DashboardSkeleton } from "@/features/dashboard/dashboard-skeleton";
import { applyDeviceChange } from "@/features/dashboard/inventory";
import { createBrowserFeed } from "@/features/live/browser-feed";
import { ConnectionPill } from "@/features/live/connection/connection-pill";
import { useLiveFeed } from "@/features/live/use-live-feed";
import { createApiClient } from "@/lib/api/api-client";
import { sessionCan } from "@/lib/permissions";

export function DashboardScreen() {
  return (
    <SessionGate page="/dashboard" skeleton={<DashboardSkeleton />}>
      {(session, state) => <SignedIn session={session} state={state} />}
    </SessionGate>
  );
}

function SignedIn({ session, state }: { session: Session; state: SignedInState }) {
  const parameters = useSearchParams();
  const [client] = useState(() => new QueryClient());
  const [api] = useState(() => createApiClient(session));
  const [backlogs] = useState(() => new Backlogs());
  const [feed] = useState(() =>
    createBrowserFeed({ api, tokens: session, deviceChanged: (change) => applyDeviceChange(client, change) }),
  );
  useLiveFeed(feed);

  const show = (name: "range" | "device", value: string) => {
    const next = new URLSearchParams(location.search);
    next.set(name, value);
    next.delete("denied");
    window.history.replaceState(null, "", `?${next}`);
  };

  return (
    <QueryClientProvider client={client}>
      <Dashboard
        can={sessionCan(state)}
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
        account={<AccountMenu session={session} account={state.account} />}
      />
    </QueryClientProvider>
  );
}
