"use client";
// The page about the system: each service with its dependencies, the devices, and the copies for offline access.
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
import type { Can } from "@/lib/permissions";
import { IncidentList } from "./incident-list";

type StatusProps = { api: ApiClient; can: Can; loadServices: (signal: AbortSignal) => Promise<SystemStatus> };

const EVERY_MS = 5_000;
const SLOWER_MS = 15_000;

const SERVICES: Readonly<Record<ServiceStatus["name"], { label: string; does: string; icon: LucideIcon }>> = {
  telemetry: { label: "Telemetry gateway", does: "readings in, history, live view", icon: Activity },
  users: { label: "Users", does: "accounts and roles", icon: Users },
  auth: { label: "Auth", does: "sign-in, sessions, devices", icon: Lock },
  sync: { label: "Sync publisher", does: "sign-in without the network", icon: KeyRound },
};

export function Status({ api, can, loadServices }: StatusProps) {
  const query = useQuery({
    queryKey: ["status", "services"],
    queryFn: ({ signal }) => loadServices(signal),
    refetchInterval: EVERY_MS,
  });
  const status = query.data;
  return (
    <div className="space-y-4">
      <PageHeader
        title="Status"
        subtitle={
          status ? (
            <>
              Checked <When at={status.at} />
            </>
          ) : (
            "Services and what they depend on"
          )
        }
      />
      {!status && query.error ? (
        <LoadError error={query.error} what="The status" onRetry={() => void query.refetch()} />
      ) : !status ? (
        <ServicesSkeleton />
      ) : (
        <>
          <Verdict status={status} isOutdated={query.isError} />
          <section aria-label="Services" className="rounded-[10px] border bg-surface">
            <h2 className="px-4 py-3 text-ui font-semibold">Services</h2>
            <ul className="divide-y border-t">
              {status.services.map((service) => (
                <ServiceRow key={service.name} service={service} />
              ))}
            </ul>
          </section>
        </>
      )}
      <StatTiles label="Devices and offline access">
        {can("telemetry.read") && <DeviceTiles api={api} />}
        {can("mirror.read") && <MirrorTile api={api} />}
      </StatTiles>
      {can("mirror.read") && <IncidentList api={api} />}
    </div>
  );
}

function Verdict({ status, isOutdated }: { status: SystemStatus; isOutdated: boolean }) {
  const down = status.services.filter(({ isReady }) => !isReady);
  const isWell = down.length === 0 && !isOutdated;
  const Icon = isWell ? CircleCheck : TriangleAlert;
  const title = isOutdated
    ? "This page cannot reach the server"
    : isWell
      ? "Everything works"
      : `${down.map(({ name }) => SERVICES[name].label).join(", ")}: not ready`;
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
            ? "What you see below may be outdated. The page tries again every 5 s."
            : isWell
              ? "All services are ready and reach what they depend on."
              : "Collectors keep their readings on their disks and deliver them later."}
        </p>
      </div>
    </div>
  );
}

const CHECKS: Readonly<Record<string, { label: string; icon: LucideIcon }>> = {
  database: { label: "Database", icon: Database },
  bus: { label: "Broker", icon: Radio },
  migrations: { label: "Schema", icon: Server },
};

function ServiceRow({ service }: { service: ServiceStatus }) {
  const { label, does, icon: Icon } = SERVICES[service.name];
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
          <span className="block text-xs text-fg-2">{does}</span>
        </span>
      </span>
      <ul
        className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-fg-2"
        aria-label={`What ${label} depends on`}
      >
        {Object.entries(service.checks).map(([name, isWell]) => {
          const known = CHECKS[name] ?? { label: name.replaceAll("_", " "), icon: Server };
          return (
            <li key={name} className="flex items-center gap-1.5">
              <known.icon className="size-3.5" aria-hidden />
              <span className="capitalize">{known.label}</span>
              <span className={isWell ? "text-ok" : "text-crit"}>{isWell ? "works" : "fails"}</span>
            </li>
          );
        })}
      </ul>
      <span className="text-xs text-fg-2 tabular-nums">
        {service.tookMs === null ? "" : `answers in ${service.tookMs} ms`}
      </span>
      <Badge tone={service.isReady ? "ok" : "crit"}>
        {service.isReady ? "Working" : service.tookMs === null ? "No answer" : "Not ready"}
      </Badge>
    </li>
  );
}

function DeviceTiles({ api }: { api: ApiClient }) {
  const { data } = useQuery({
    queryKey: ["status", "devices"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/devices", { query: { after }, signal })),
    refetchInterval: SLOWER_MS,
  });
  if (!data) return null;
  const known = data.filter(({ online }) => online !== null);
  const online = known.filter((device) => device.online).length;
  const waiting = data.reduce((sum, device) => sum + (device.waiting ?? 0), 0);
  return (
    <>
      <StatTile
        label="Collectors online"
        value={online}
        unit={`of ${known.length}`}
        tone={online < known.length ? "crit" : undefined}
        note={
          <Link href="/devices" className="hover:text-fg hover:underline">
            {online < known.length ? `${known.length - online} offline` : "All are connected"}
          </Link>
        }
      />
      <StatTile
        label="Waiting on devices"
        value={waiting.toLocaleString("en")}
        unit="readings"
        note="not acknowledged yet"
      />
    </>
  );
}

function MirrorTile({ api }: { api: ApiClient }) {
  const { data } = useQuery({
    queryKey: ["status", "mirrors"],
    queryFn: ({ signal }) => api.get("/api/sync/collectors", { query: { limit: 1 }, signal }),
    refetchInterval: SLOWER_MS,
  });
  if (!data) return null;
  return (
    <StatTile
      label="Offline access up to date"
      value={data.up_to_date}
      unit={`of ${data.total}`}
      tone={data.up_to_date < data.total ? "warn" : undefined}
      note={
        <Link href="/offline-access" className="hover:text-fg hover:underline">
          {data.up_to_date < data.total ? "Some changes wait" : "All collectors have every change"}
        </Link>
      }
    />
  );
}

export function StatusSkeleton() {
  return (
    <div className="space-y-4">
      <PageHeader title="Status" subtitle="Services and what they depend on" />
      <ServicesSkeleton />
    </div>
  );
}

function ServicesSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="space-y-4">
      <div className="skeleton h-20 rounded-[10px]" />
      <div className="skeleton h-64 rounded-[10px]" />
    </div>
  );
}
