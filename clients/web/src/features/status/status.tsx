"use client";
// The page about the system: each service with its dependencies, the devices, and the copies for offline access.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/page-locale";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, TriangleAlert } from "lucide-react";
import Link from "next/link";
import { LoadError } from "@/components/load-error";
import { PageHeader } from "@/components/page-header";
import { StatTile, StatTiles } from "@/components/stat-tile";
import { When } from "@/components/when";
import type { SystemStatus } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import { allDevices } from "@/lib/device-lists";
import { pollUnlessFollowed } from "@/lib/followed-changes";
import type { Can } from "@/lib/permissions";
import { CertificatePanel } from "./certificate-panel";
import { IncidentList } from "./incident-list";
import { ServiceList } from "./service-list";
import { StoragePanel } from "./storage-panel";

type StatusProps = { api: ApiClient; can: Can; loadServices: (signal: AbortSignal) => Promise<SystemStatus> };

const EVERY_MS = 5_000;
const SLOWER_MS = 15_000;
/** No change reports how many readings wait on devices. */
const BACKLOG_EVERY_MS = 30_000;

export function Status({ api, can, loadServices }: StatusProps) {
  const t = useTranslations("status");
  const query = useQuery({
    queryKey: ["status", "services"],
    queryFn: ({ signal }) => loadServices(signal),
    // A service that is down reports nothing.
    refetchInterval: EVERY_MS,
  });
  const status = query.data;
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
      />
      {!status && query.error ? (
        <LoadError error={query.error} what={t("theStatus")} onRetry={() => void query.refetch()} />
      ) : !status ? (
        <ServicesSkeleton />
      ) : (
        <>
          <Verdict status={status} isOutdated={query.isError} />
          <ServiceList api={api} status={status} canSeeDays={can("telemetry.read")} />
        </>
      )}
      <StatTiles label={t("devicesAndOfflineAccess")}>
        {can("telemetry.read") && <DeviceTiles api={api} />}
        {can("mirror.read") && <MirrorTile api={api} />}
      </StatTiles>
      <div className="grid items-start gap-4 xl:grid-cols-[5fr_3fr_3fr]">
        <IncidentList api={api} can={can} />
        <CertificatePanel api={api} can={can} web={status?.certificate} />
        {can("telemetry.read") && <StoragePanel api={api} />}
      </div>
    </div>
  );
}

function Verdict({ status, isOutdated }: { status: SystemStatus; isOutdated: boolean }) {
  const t = useTranslations("status");
  const down = status.services.filter(({ isReady }) => !isReady);
  const isWell = down.length === 0 && !isOutdated;
  const Icon = isWell ? CircleCheck : TriangleAlert;
  const title = isOutdated
    ? t("thisPageCannotReachThe")
    : isWell
      ? t("everythingWorks")
      : t("notReadyServices", { names: down.map(({ name }) => t(`services.${name}`)).join(", ") });
  return (
    <div
      role="status"
      data-testid="verdict"
      data-well={isWell}
      className="flex items-center gap-3 rounded-[10px] border bg-surface px-4 py-4"
    >
      <span
        className={
          isWell
            ? "flex size-9 shrink-0 items-center justify-center rounded-full bg-ok-soft text-ok"
            : "flex size-9 shrink-0 items-center justify-center rounded-full bg-crit-soft text-crit"
        }
      >
        <Icon className="size-5" aria-hidden />
      </span>
      <div className="min-w-0">
        <p className="text-body font-semibold">{title}</p>
        <p className="text-ui text-fg-2">
          {isOutdated
            ? t("whatYouSeeBelowMay")
            : isWell
              ? t("allServicesAreReadyAnd")
              : t("collectorsKeepTheirReadingsOn")}
        </p>
      </div>
    </div>
  );
}

function DeviceTiles({ api }: { api: ApiClient }) {
  const t = useTranslations("status");
  const { data } = useQuery({
    queryKey: ["status", "devices"],
    queryFn: ({ signal }) => allDevices(api, signal),
    refetchInterval: pollUnlessFollowed(["/devices"], SLOWER_MS, BACKLOG_EVERY_MS),
  });
  if (!data) return null;
  const known = data.filter(({ online }) => online !== null);
  const online = known.filter((device) => device.online).length;
  const waiting = data.reduce((sum, device) => sum + (device.waiting ?? 0), 0);
  return (
    <>
      <StatTile
        label={t("collectorsOnline")}
        value={online}
        unit={t("of", { total: known.length })}
        tone={online < known.length ? "crit" : undefined}
        note={
          <Link href="/devices" className="hover:text-fg hover:underline">
            {online < known.length
              ? t("offlineCount", { count: known.length - online })
              : t("allAreConnected")}
          </Link>
        }
      />
      <StatTile
        label={t("waitingOnDevices")}
        value={waiting.toLocaleString(numberLocale())}
        unit={t("readings")}
        note={t("notAcknowledged")}
      />
    </>
  );
}

function MirrorTile({ api }: { api: ApiClient }) {
  const t = useTranslations("status");
  const { data } = useQuery({
    queryKey: ["status", "mirrors"],
    queryFn: ({ signal }) => api.get("/api/sync/collectors", { query: { limit: 1 }, signal }),
    refetchInterval: pollUnlessFollowed(["/mirror"], SLOWER_MS),
  });
  if (!data) return null;
  return (
    <StatTile
      label={t("offlineAccessUpToDate")}
      value={data.up_to_date}
      unit={t("of", { total: data.total })}
      tone={data.up_to_date < data.total ? "warn" : undefined}
      note={
        <Link href="/offline-access" className="hover:text-fg hover:underline">
          {data.up_to_date < data.total ? t("someChangesWait") : t("allCollectorsHaveEveryChange")}
        </Link>
      }
    />
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
