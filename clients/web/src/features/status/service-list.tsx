"use client";
// Each service with its dependencies and its availability by day.
import clsx from "clsx";
import { useQuery } from "@tanstack/react-query";
import { Activity, Database, KeyRound, Lock, Radio, Server, Users, type LucideIcon } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Badge } from "@/components/badge";
import type { ServiceAvailability } from "@/contracts/http";
import type { ServiceStatus, SystemStatus } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import { DAY_COLORS, DayStrip } from "./day-strip";
import { availabilityQuery } from "./queries";

const SERVICES: Readonly<Record<ServiceStatus["name"], LucideIcon>> = {
  telemetry: Activity,
  users: Users,
  auth: Lock,
  sync: KeyRound,
};
const WATCHED: Readonly<Record<ServiceStatus["name"], ServiceAvailability["service"]>> = {
  telemetry: "telemetry-gateway",
  users: "users",
  auth: "auth",
  sync: "sync-publisher",
};
const INFRASTRUCTURE = { broker: Radio, database: Database } as const;
const LEGEND = ["up", "short", "down", "unknown"] as const;

type ServiceListProps = { api: ApiClient; status: SystemStatus; canSeeDays: boolean };

export function ServiceList({ api, status, canSeeDays }: ServiceListProps) {
  const t = useTranslations("status");
  const { data } = useQuery({ ...availabilityQuery(api), enabled: canSeeDays });
  const daysOf = (service: ServiceAvailability["service"]) => {
    const found = data?.services.find((one) => one.service === service);
    return found && <DayStrip availability={found} />;
  };
  return (
    <section aria-label={t("servicesLabel")} className="rounded-[10px] border bg-surface">
      <header className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
        <h2 className="text-ui font-semibold">{t("servicesLabel")}</h2>
        {data && (
          <>
            <span className="text-xs text-fg-2">{t("byDay")}</span>
            <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-fg-2 lg:ml-auto">
              {LEGEND.map((state) => (
                <li key={state} className="flex items-center gap-1.5">
                  <span
                    aria-hidden
                    className={clsx("keep-color size-2.5 rounded-[3px]", DAY_COLORS[state])}
                  />
                  {t(`legend.${state}`)}
                </li>
              ))}
            </ul>
          </>
        )}
      </header>
      <ul className="divide-y border-t">
        {status.services.map((service) => (
          <ServiceRow key={service.name} service={service} days={daysOf(WATCHED[service.name])} />
        ))}
        {(["broker", "database"] as const).map((name) => {
          const found = data?.services.find(({ service }) => service === name);
          return found && <InfrastructureRow key={name} name={name} isUp={found.is_up} days={daysOf(name)} />;
        })}
      </ul>
    </section>
  );
}

const ROW = "flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 text-ui";
const CHECKS = { database: Database, bus: Radio, migrations: Server } as const;

function isKnownCheck(name: string): name is keyof typeof CHECKS {
  return Object.hasOwn(CHECKS, name);
}

function ServiceRow({ service, days }: { service: ServiceStatus; days: ReactNode }) {
  const t = useTranslations("status");
  const label = t(`services.${service.name}`);
  return (
    <li data-testid={`service-${service.name}`} data-ready={service.isReady} className={ROW}>
      <Title icon={SERVICES[service.name]} label={label} does={t(`does.${service.name}`)} />
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
      {days}
    </li>
  );
}

type InfrastructureRowProps = {
  name: keyof typeof INFRASTRUCTURE;
  /** null: not known. */
  isUp: boolean | null;
  days: ReactNode;
};

function InfrastructureRow({ name, isUp, days }: InfrastructureRowProps) {
  const t = useTranslations("status");
  return (
    <li data-testid={`service-${name}`} className={ROW}>
      <Title icon={INFRASTRUCTURE[name]} label={t(`watched.${name}`)} does={t(`infrastructure.${name}`)} />
      <Badge tone={isUp === null ? "neutral" : isUp ? "ok" : "crit"}>
        {isUp === null ? t("notKnown") : isUp ? t("working") : t("noAnswer")}
      </Badge>
      {days}
    </li>
  );
}

function Title({ icon: Icon, label, does }: { icon: LucideIcon; label: string; does: string }) {
  return (
    <span className="flex min-w-0 flex-1 basis-48 items-center gap-3">
      <Icon className="size-4 shrink-0 text-fg-3" aria-hidden />
      <span className="min-w-0">
        <span className="block font-medium">{label}</span>
        <span className="block text-xs text-fg-2">{does}</span>
      </span>
    </span>
  );
}
