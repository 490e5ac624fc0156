"use client";
// The security page: second factor, sessions, password and API keys.
import { useTranslations } from "next-intl";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Banner } from "@/components/notice-state";
import type { Account } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { ApiKeysPanel } from "./api-keys-panel";
import { PasswordPanel } from "./password-panel";
import { apiKeysQuery, secondFactorQuery, sessionsQuery } from "./queries";
import { SecondFactorPanel } from "./second-factor-panel";
import { SessionsPanel } from "./sessions-panel";

type SecurityProps = {
  api: ApiClient;
  account: Account;
  can: Can;
  /** The role requires a second factor that is not set up. */
  mustEnrol: boolean;
  /** Called when every session has ended, including this one. */
  onPasswordChanged: () => Promise<void>;
  /** Called when the session may get more permissions. */
  onFactorEnabled: () => void;
};

export function Security({
  api,
  account,
  can,
  mustEnrol,
  onPasswordChanged,
  onFactorEnabled,
}: SecurityProps) {
  const t = useTranslations("security");
  const hasKeys = can("api_keys.own");
  const isReady = useReadyOnce([
    useQuery(secondFactorQuery(api)),
    useQuery(sessionsQuery(api)),
    useQuery({ ...apiKeysQuery(api), enabled: hasKeys }),
  ]);
  if (!isReady) return <SecuritySkeleton />;
  return (
    <SecurityFrame subtitle={t("howEmailSignsInAnd", { email: account.email })}>
      {mustEnrol && (
        <Banner tone="warn">
          <span data-testid="must-enrol">{t("yourRoleRequiresASecond")}</span>
        </Banner>
      )}
      <SecondFactorPanel api={api} email={account.email} onEnabled={onFactorEnabled} />
      <SessionsPanel api={api} />
      {can("profile.own") && <PasswordPanel api={api} email={account.email} onChanged={onPasswordChanged} />}
      {hasKeys && <ApiKeysPanel api={api} role={account.role} />}
    </SecurityFrame>
  );
}

/**
 * True once every query has an answer or has failed once. All panels then appear together, so that none pushes another
 * down. A failed query shows its problem in its own panel.
 */
function useReadyOnce(
  queries: readonly Pick<UseQueryResult, "isPending" | "fetchStatus" | "failureCount">[],
) {
  const [isReady, setReady] = useState(false);
  const isWaiting = queries.some(
    ({ isPending, fetchStatus, failureCount }) =>
      isPending && fetchStatus === "fetching" && failureCount === 0,
  );
  // Stays true: a later query must not hide a page that is in use.
  if (!isWaiting && !isReady) setReady(true);
  return isReady || !isWaiting;
}

export function SecuritySkeleton() {
  const t = useTranslations("security");
  return (
    <SecurityFrame subtitle={t("howYouSignInAnd")}>
      {["6.4rem", "6.4rem", "13rem", "6.4rem"].map((height, index) => (
        <div key={index} className="skeleton rounded-[10px]" style={{ height }} />
      ))}
    </SecurityFrame>
  );
}

function SecurityFrame({ subtitle, children }: { subtitle: string; children: ReactNode }) {
  const t = useTranslations("security");
  return (
    <div className="mx-auto max-w-[880px] space-y-4">
      <div>
        <h1 className="text-[20px] leading-7 font-semibold tracking-[-0.015em]">{t("security")}</h1>
        <p className="truncate text-ui text-fg-2">{subtitle}</p>
      </div>
      {children}
    </div>
  );
}
