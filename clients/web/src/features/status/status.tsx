"use client";
// The page about the system: what is measured, each service by day, incidents, certificates and storage.
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { lazyPart } from "@/components/lazy-part";
import { LoadError } from "@/components/load-error";
import { PageHeader } from "@/components/page-header";
import { When } from "@/components/when";
import type { SystemStatus } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { CertificatePanel } from "./certificate-panel";
import { IncidentList } from "./incident-list";
import { ServiceList } from "./service-list";
import { StoragePanel } from "./storage-panel";
import { Verdict } from "./verdict";

const ReportDialog = lazyPart(() => import("./incidents/report-dialog"));

type StatusProps = { api: ApiClient; can: Can; loadServices: (signal: AbortSignal) => Promise<SystemStatus> };

const EVERY_MS = 5_000;

export function Status({ api, can, loadServices }: StatusProps) {
  const t = useTranslations("status");
  const query = useQuery({
    queryKey: ["status", "services"],
    queryFn: ({ signal }) => loadServices(signal),
    // A service that is down reports nothing.
    refetchInterval: EVERY_MS,
  });
  const [isReporting, setReporting] = useState(false);
  const status = query.data;
  const canSee = can("telemetry.read");
  return (
    <div className="space-y-4">
      <PageHeader
        title={t("status")}
        subtitle={
          status ? (
            <>
              {t("checked")} <When at={status.at} />
            </>
          ) : (
            t("servicesAndWhatTheyDepend")
          )
        }
        actions={
          can("incidents.manage") && (
            <Button onClick={() => setReporting(true)} data-testid="report-incident">
              <Plus className="size-4" aria-hidden />
              {t("incident.report")}
            </Button>
          )
        }
      />
      {!status && query.error ? (
        <LoadError error={query.error} what={t("theStatus")} onRetry={() => void query.refetch()} />
      ) : !status ? (
        <ServicesSkeleton />
      ) : (
        <>
          <Verdict api={api} status={status} isOutdated={query.isError} canSee={canSee} />
          <ServiceList api={api} status={status} can={can} />
        </>
      )}
      <div className="grid items-start gap-4 xl:grid-cols-[5fr_3fr_3fr]">
        <IncidentList api={api} can={can} />
        <CertificatePanel api={api} can={can} web={status?.certificate} />
        {canSee && <StoragePanel api={api} />}
      </div>
      {isReporting && <ReportDialog api={api} onClose={() => setReporting(false)} />}
    </div>
  );
}

export function StatusSkeleton() {
  const t = useTranslations("status");
  return (
    <div className="space-y-4">
      <PageHeader title={t("status")} subtitle={t("servicesAndWhatTheyDepend")} />
      <ServicesSkeleton />
    </div>
  );
}

function ServicesSkeleton() {
  const t = useTranslations("status");
  return (
    <div role="status" aria-label={t("loading")} className="space-y-4">
      <div className="skeleton h-20 rounded-[10px]" />
      <div className="skeleton h-64 rounded-[10px]" />
    </div>
  );
}
