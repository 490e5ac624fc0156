"use client";
// Frame of the pages that need a sign-in and have no device picker: session, permission, query cache, navigation.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState, type ReactNode } from "react";
import { SessionGate } from "@/app/session-gate";
import { AppShell } from "@/components/app-shell";
import { ThemeMenu } from "@/components/theme-menu";
import type { Account } from "@/contracts/http";
import { AccountMenu } from "@/features/auth/account-menu";
import type { Session, SignedInState } from "@/features/auth/session";
import {
  createChangeConnection,
  useChangesOn,
  useConnection,
  type ChangedQueries,
} from "@/features/live/changes/use-changes";
import { ApiError, createApiClient, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { sessionCan, type Can } from "@/lib/permissions";
import { pageAt, type PageHref } from "@/lib/site-map";

/** What a page gets from its route. */
export type RouteContext = {
  readonly api: ApiClient;
  readonly account: Account;
  readonly can: Can;
  readonly session: Session;
  /** The role requires a second factor that is not set up. */
  readonly mustEnrol: boolean;
};

/** What both kinds of route take. */
export type ProtectedRouteProps = {
  page: PageHref;
  /** Shown until the session is known. */
  skeleton: ReactNode;
  /** Replaces the title in the top bar. */
  breadcrumb?: ReactNode;
};
type PlainRouteProps = ProtectedRouteProps & {
  /** What the page loads again when the gateway reports a change. Without it, the page has no connection. */
  changes?: ChangedQueries;
  children: (context: RouteContext) => ReactNode;
};
const MOST_RETRIES = 2;

export function ProtectedRoute({ children, changes, ...props }: PlainRouteProps) {
  return (
    <WithSession {...props}>
      {(context) => (
        <Frame {...props} context={context}>
          {changes && <Following session={context.session} can={context.can} changes={changes} />}
          {children(context)}
        </Frame>
      )}
    </WithSession>
  );
}

function Following({ session, can, changes }: { session: Session; can: Can; changes: ChangedQueries }) {
  const [connection] = useState(() => createChangeConnection(session));
  useConnection(connection);
  useChangesOn(connection, changes, can);
  return null;
}

export function WithSession({
  page,
  skeleton,
  children,
}: ProtectedRouteProps & { children: (context: RouteContext) => ReactNode }) {
  return (
    <SessionGate page={page} skeleton={skeleton}>
      {(session, state) => (
        // Another account gets a new page, without the data of this one.
        <SignedIn key={state.account.id} session={session} state={state}>
          {children}
        </SignedIn>
      )}
    </SessionGate>
  );
}

type SignedInProps = {
  session: Session;
  state: SignedInState;
  children: (context: RouteContext) => ReactNode;
};

function SignedIn({ session, state, children }: SignedInProps) {
  const [client] = useState(() => {
    // Before a form of the page reads a draft: those of another account are forgotten.
    drafts.belongTo(state.account.id);
    return newQueryClient();
  });
  const [api] = useState(() => createApiClient(session));
  return (
    <QueryClientProvider client={client}>
      {children({ api, account: state.account, can: sessionCan(state), session, mustEnrol: state.mustEnrol })}
    </QueryClientProvider>
  );
}

type FrameProps = ProtectedRouteProps & { context: RouteContext; status?: ReactNode; children: ReactNode };

export function Frame({ page, breadcrumb, context, status, children }: FrameProps) {
  const t = useTranslations("pages");
  return (
    <AppShell
      can={context.can}
      picker={null}
      account={<AccountMenu session={context.session} account={context.account} />}
      breadcrumb={breadcrumb ?? <p className="truncate text-ui text-fg-2">{t(pageAt(page).name)}</p>}
      status={
        <>
          {status}
          <ThemeMenu />
        </>
      }
    >
      {children}
    </AppShell>
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
