"use client";
// The page about the system: each service with its dependencies, the devices, and the copies for offline access.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/page-locale";
import { useQuery } from "@tanstack/react-query";
import {
  Activity,
  CircleCheck,
  Database,
  KeyRound,
  Lock,
  Radio,
  Server,
  TriangleAlert,
  Users,
  type LucideIcon,
} from "lucide-react";
import Link from "next/link";
import { Badge } from "@/components/badge";
import { LoadError } from "@/components/load-error";
import { PageHeader } from "@/components/page-header";
import { StatTile, StatTiles } from "@/components/stat-tile";
import { When } from "@/components/when";
import type { ServiceStatus, SystemStatus } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { pollUnlessFollowed } from "@/lib/followed-changes";
import type { Can } from "@/lib/permissions";
import { IncidentList } from "./incident-list";

type StatusProps = { api: ApiClient; can: Can; loadServices: (signal: AbortSignal) => Promise<SystemStatus> };

const EVERY_MS = 5_000;
const SLOWER_MS = 15_000;
/** No change reports how many readings wait on devices. */
const BACKLOG_EVERY_MS = 30_000;

const SERVICES: Readonly<Record<ServiceStatus["name"], LucideIcon>> = {
  telemetry: Activity,
  users: Users,
  auth: Lock,
  sync: KeyRound,
};

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
          <section aria-label={t("servicesLabel")} className="rounded-[10px] border bg-surface">
            <h2 className="px-4 py-3 text-ui font-semibold">{t("servicesLabel")}</h2>
            <ul className="divide-y border-t">
              {status.services.map((service) => (
                <ServiceRow key={service.name} service={service} />
              ))}
            </ul>
          </section>
        </>
      )}
      <StatTiles label={t("devicesAndOfflineAccess")}>
        {can("telemetry.read") && <DeviceTiles api={api} />}
        {can("mirror.read") && <MirrorTile api={api} />}
      </StatTiles>
      {can("mirror.read") && <IncidentList api={api} />}
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

const CHECKS = { database: Database, bus: Radio, migrations: Server } as const;

function isKnownCheck(name: string): name is keyof typeof CHECKS {
  return Object.hasOwn(CHECKS, name);
}

function ServiceRow({ service }: { service: ServiceStatus }) {
  const t = useTranslations("status");
  const Icon = SERVICES[service.name];
  const label = t(`services.${service.name}`);
  return (
    <li
      data-testid={`service-${service.name}`}
      data-ready={service.isReady}
      className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 text-ui"
    >
      <span className="flex min-w-0 flex-1 basis-56 items-center gap-3">
        <Icon className="size-4 shrink-0 text-fg-3" aria-hidden />
        <span className="min-w-0">
          <span className="block font-medium">{label}</span>
          <span className="block text-xs text-fg-2">{t(`does.${service.name}`)}</span>
        </span>
      </span>
      <ul
        className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-fg-2"
        aria-label={t("whatLabelDependsOn", { label })}
      >
        {Object.entries(service.checks).map(([name, isWell]) => {
          const CheckIcon = isKnownCheck(name) ? CHECKS[name] : Server;
          return (
            <li key={name} className="flex items-center gap-1.5">
              <CheckIcon className="size-3.5" aria-hidden />
              <span className="capitalize">
                {isKnownCheck(name) ? t(`checks.${name}`) : name.replaceAll("_", " ")}
              </span>
              <span className={isWell ? "text-ok" : "text-crit"}>{isWell ? t("works") : t("fails")}</span>
            </li>
          );
        })}
      </ul>
      <span className="text-xs text-fg-2 tabular-nums">
        {service.tookMs === null ? "" : t("answersInTookmsMs", { tookMs: service.tookMs })}
      </span>
      <Badge tone={service.isReady ? "ok" : "crit"}>
        {service.isReady ? t("working") : service.tookMs === null ? t("noAnswer") : t("notReady")}
      </Badge>
    </li>
  );
}

function DeviceTiles({ api }: { api: ApiClient }) {
  const t = useTranslations("status");
  const { data } = useQuery({
    queryKey: ["status", "devices"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/devices", { query: { after }, signal })),
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
