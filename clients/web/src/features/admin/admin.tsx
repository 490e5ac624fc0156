"use client";
// The page about settings of the whole system.
import { useTranslations } from "next-intl";
import { PageHeader } from "@/components/page-header";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { BrandPanel } from "./brand-panel";
import { MailPanel } from "./mail-panel";
import { PolicyPanel } from "./policy-panel";
import { RetentionPanel } from "./retention-panel";
import { SigningKeysPanel } from "./signing-keys-panel";

export function Admin({ api, can }: { api: ApiClient; can: Can }) {
  const t = useTranslations("admin");
  return (
    <div className="space-y-4">
      <PageHeader title={t("title")} subtitle={t("subtitle")} />
      <div className="grid items-start gap-4 xl:grid-cols-2">
        {can("sessions.manage") && <PolicyPanel api={api} canCount={can("accounts.read")} />}
        {can("keys.rotate") && <SigningKeysPanel api={api} />}
        <RetentionPanel api={api} />
        <BrandPanel api={api} />
        <MailPanel api={api} />
      </div>
    </div>
  );
}

export function AdminSkeleton() {
  const t = useTranslations("admin");
  return (
    <div className="space-y-4">
      <PageHeader title={t("title")} subtitle={t("subtitle")} />
      <div className="grid gap-4 xl:grid-cols-2">
        <div className="skeleton h-56 rounded-[10px]" />
        <div className="skeleton h-56 rounded-[10px]" />
      </div>
    </div>
  );
}
