"use client";
// The page about signing in: password, second factor, sessions, API keys.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Banner } from "@/components/notice-state";
import type { Account } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { May } from "@/lib/permissions";
import { ApiKeysPanel } from "./api-keys-panel";
import { PasswordPanel } from "./password-panel";
import { apiKeysQuery, secondFactorQuery, sessionsQuery } from "./queries";
import { SecondFactorPanel } from "./second-factor-panel";
import { SessionsPanel } from "./sessions-panel";

type SecurityProps = {
  api: ApiClient;
  account: Account;
  may: May;
  /** The role needs a second factor first. */
  mustEnrol: boolean;
  /** Every session has ended, this one as well. */
  onPasswordChanged: () => Promise<void>;
  /** The session may do more than before. */
  onFactorEnabled: () => void;
};

export function Security({
  api,
  account,
  may,
  mustEnrol,
  onPasswordChanged,
  onFactorEnabled,
}: SecurityProps) {
  const hasKeys = may("api_keys.own");
  const isReady = useReadyOnce([
    useQuery(secondFactorQuery(api)),
    useQuery(sessionsQuery(api)),
    useQuery({ ...apiKeysQuery(api), enabled: hasKeys }),
  ]);
  if (!isReady) return <SecuritySkeleton />;
  return (
    <SecurityFrame subtitle={`How ${account.email} signs in, and where`}>
      {mustEnrol && (
        <Banner tone="warn">
          <span data-testid="must-enrol">
            Your role must have a second factor. Set it up below: until then nothing else opens.
          </span>
        </Banner>
      )}
      <SecondFactorPanel api={api} email={account.email} onEnabled={onFactorEnabled} />
      <SessionsPanel api={api} />
      {may("profile.own") && <PasswordPanel api={api} email={account.email} onChanged={onPasswordChanged} />}
      {hasKeys && <ApiKeysPanel api={api} role={account.role} />}
    </SecurityFrame>
  );
}

/**
 * False until the first answers are there, so that lists of any length come at once and push nothing away. What fails
 * is not waited for: its own panel says so.
 */
function useReadyOnce(
  queries: readonly Pick<UseQueryResult, "isPending" | "fetchStatus" | "failureCount">[],
) {
  const [isReady, setReady] = useState(false);
  const waits = queries.some(
    ({ isPending, fetchStatus, failureCount }) =>
      isPending && fetchStatus === "fetching" && failureCount === 0,
  );
  // For good: what is asked for later must not take away what is being done on the page.
  if (!waits && !isReady) setReady(true);
  return isReady || !waits;
}

export function SecuritySkeleton() {
  return (
    <SecurityFrame subtitle="How you sign in, and where">
      {["6.4rem", "6.4rem", "13rem", "6.4rem"].map((height, index) => (
        <div key={index} className="skeleton rounded-[10px]" style={{ height }} />
      ))}
    </SecurityFrame>
  );
}

function SecurityFrame({ subtitle, children }: { subtitle: string; children: ReactNode }) {
  return (
    <div className="mx-auto max-w-[880px] space-y-4">
      <div>
        <h1 className="text-[20px] leading-7 font-semibold tracking-[-0.015em]">Security</h1>
        <p className="truncate text-ui text-fg-2">{subtitle}</p>
      </div>
      {children}
    </div>
  );
}
