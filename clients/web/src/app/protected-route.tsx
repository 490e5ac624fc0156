"use client";
// Frame of the pages that need a sign-in and have no device picker: session, permission, query cache, navigation.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { SessionGate } from "@/app/session-gate";
import { AppShell } from "@/components/app-shell";
import { ThemeMenu } from "@/components/theme-menu";
import type { Account } from "@/contracts/http";
import { AccountMenu } from "@/features/auth/account-menu";
import type { Session, SignedInState } from "@/features/auth/session";
import { ApiError, createApiClient, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/drafts";
import { sessionCan, type Can } from "@/lib/permissions";
import { pageAt, type PageHref } from "@/lib/site-map";

/** What a page gets from its route. */
export type RouteContext = {
  readonly api: ApiClient;
  readonly account: Account;
  readonly can: Can;
  readonly session: Session;
};

type ProtectedRouteProps = {
  page: PageHref;
  /** Shown until the session is known. */
  skeleton: ReactNode;
  /** Replaces the title in the top bar. */
  breadcrumb?: ReactNode;
  /** Beside the theme menu. */
  status?: ReactNode;
  children: (context: RouteContext) => ReactNode;
};

const MOST_RETRIES = 2;

export function ProtectedRoute(props: ProtectedRouteProps) {
  const { title, needs } = pageAt(props.page);
  return (
    <SessionGate title={title} needs={needs} skeleton={props.skeleton}>
      {/* Another account gets a new page, without the data of this one. */}
      {(session, state) => <SignedIn key={state.account.id} session={session} state={state} {...props} />}
    </SessionGate>
  );
}

type SignedInProps = ProtectedRouteProps & { session: Session; state: SignedInState };

function SignedIn({ session, state, page, breadcrumb, status, children }: SignedInProps) {
  const [client] = useState(newQueryClient);
  const [api] = useState(() => createApiClient(session));
  const can = sessionCan(state);
  useEffect(() => drafts.belongTo(state.account.id), [state.account.id]);
  return (
    <QueryClientProvider client={client}>
      <AppShell
        can={can}
        picker={null}
        account={<AccountMenu session={session} account={state.account} />}
        breadcrumb={breadcrumb ?? <p className="truncate text-ui text-fg-2">{pageAt(page).title}</p>}
        status={
          <>
            {status}
            <ThemeMenu />
          </>
        }
      >
        {children({ api, account: state.account, can, session })}
      </AppShell>
    </QueryClientProvider>
  );
}

function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Only temporary errors are retried.
        retry: (failures, error) =>
          failures < MOST_RETRIES && error instanceof ApiError && error.isTemporary && error.status !== 429,
      },
    },
  });
}
