"use client";
// The page about the own account.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronRight, ShieldCheck } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import { PageHeader } from "@/components/page-header";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Account } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { DetailsForm } from "./details-form";
import { PreferencesForm } from "./preferences-form";
import { loadChoices, loadDetails } from "./queries";

type ProfileProps = {
  api: ApiClient;
  account: Account;
  /** The name or the email has changed. */
  onRenamed: () => void;
};

const DETAILS = ["profile", "details"];
const PREFERENCES = ["profile", "preferences"];

export function Profile({ api, account, onRenamed }: ProfileProps) {
  const t = useTranslations("profile");
  const roles = useTranslations("common.roles");
  const client = useQueryClient();
  const [isSaved, setSaved] = useState(false);
  // The forms keep their own version. A reload in the background must not replace it.
  const options = { staleTime: Infinity, gcTime: 0 };
  const details = useQuery({ queryKey: DETAILS, queryFn: () => loadDetails(api), ...options });
  const preferences = useQuery({ queryKey: PREFERENCES, queryFn: () => loadChoices(api), ...options });
  return (
    <div className="max-w-4xl space-y-4">
      <PageHeader title={t("title")} subtitle={t("subtitle", { role: roles(account.role) })} />
      <Panel title={t("details")} testId="panel-details">
        <PanelContent query={details} skeletonHeight="9rem">
          {(loaded) => (
            <DetailsForm
              // What was saved is the new start.
              key={loaded.etag}
              api={api}
              loaded={loaded}
              isJustSaved={isSaved}
              onSaved={() => {
                setSaved(true);
                onRenamed();
                void client.refetchQueries({ queryKey: DETAILS });
              }}
            />
          )}
        </PanelContent>
      </Panel>
      <Panel title={t("preferences")} meta={t("everywhere")} testId="panel-preferences">
        <PanelContent query={preferences} skeletonHeight="12rem">
          {(loaded) => (
            <PreferencesForm
              key={loaded.etag}
              api={api}
              loaded={loaded}
              onSaved={() => void client.refetchQueries({ queryKey: PREFERENCES })}
            />
          )}
        </PanelContent>
      </Panel>
      <Link
        href="/security"
        data-testid="to-security"
        className="flex items-center gap-3 rounded-[10px] border bg-surface px-4 py-3 hover:bg-surface-2"
      >
        <ShieldCheck className="size-5 shrink-0 text-fg-3" aria-hidden />
        <span className="min-w-0 flex-1">
          <span className="block text-ui font-semibold">{t("security")}</span>
          <span className="block text-ui text-fg-2">{t("securityWhat")}</span>
        </span>
        <ChevronRight className="size-4 text-fg-3 rtl:rotate-180" aria-hidden />
      </Link>
    </div>
  );
}

export function ProfileSkeleton() {
  const t = useTranslations("profile");
  return (
    <div className="max-w-4xl space-y-4">
      <PageHeader title={t("title")} />
      <div className="skeleton h-48" />
      <div className="skeleton h-64" />
    </div>
  );
}
