"use client";
// Connects the session and the security page.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { SessionGate } from "@/app/session-gate";
import { AppShell } from "@/components/app-shell";
import { ThemeMenu } from "@/components/theme-menu";
import { AccountMenu } from "@/features/auth/account-menu";
import type { Session, SignedInState } from "@/features/auth/session";
import { Security, SecuritySkeleton } from "@/features/security/security";
import { ApiError, createApiClient } from "@/lib/api/api-client";
import { sessionCan } from "@/lib/permissions";

const MOST_RETRIES = 2;

const newClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // Only temporary errors are retried.
        retry: (failures, error) =>
          failures < MOST_RETRIES && error instanceof ApiError && error.isTemporary && error.status !== 429,
      },
    },
  });

export function SecurityScreen() {
  return (
    <SessionGate title="Security" needs="sessions.own" skeleton={<SecuritySkeleton />}>
      {(session, state) => <SignedIn session={session} state={state} />}
    </SessionGate>
  );
}

function SignedIn({ session, state }: { session: Session; state: SignedInState }) {
  const [client] = useState(newClient);
  const [api] = useState(() => createApiClient(session));
  return (
    <QueryClientProvider client={client}>
      <AppShell
        can={sessionCan(state)}
        picker={null}
        account={<AccountMenu session={session} account={state.account} />}
        breadcrumb={<p className="truncate text-ui text-fg-2">Security</p>}
        status={<ThemeMenu />}
      >
        <Security
          // Another account gets a new page, without the data of this one.
          key={state.account.id}
          api={api}
          account={state.account}
          can={sessionCan(state)}
          mustEnrol={state.mustEnrol}
          onPasswordChanged={() => session.leave("password-changed")}
          onFactorEnabled={() => void session.renewNow().catch(() => undefined)}
        />
      </AppShell>
    </QueryClientProvider>
  );
}
