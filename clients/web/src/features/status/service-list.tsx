"use client";
// One row for each service: its state, a figure, and its availability by day.
import clsx from "clsx";
import { useQuery } from "@tanstack/react-query";
import { Activity, Database, KeyRound, Lock, Radio, Users, type LucideIcon } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import type { ReactNode } from "react";
import { Badge } from "@/components/badge";
import type { ServiceAvailability } from "@/contracts/http";
import type { ServiceStatus, SystemStatus } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { bytesText } from "./bytes-text";
import { DAY_COLORS, DayStrip } from "./day-strip";
import { availabilityQuery, intakeQuery, mirrorsQuery, storageQuery } from "./queries";

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

type ServiceListProps = { api: ApiClient; status: SystemStatus; can: Can };

export function ServiceList({ api, status, can }: ServiceListProps) {
  const t = useTranslations("status");
  const canSee = can("telemetry.read");
  const { data } = useQuery({ ...availabilityQuery(api), enabled: canSee });
  const { data: intake } = useQuery({ ...intakeQuery(api), enabled: canSee });
  const { data: storage } = useQuery({ ...storageQuery(api), enabled: canSee });
  const { data: mirrors } = useQuery({ ...mirrorsQuery(api), enabled: can("mirror.read") });
  const daysOf = (service: ServiceAvailability["service"]) => {
    const found = data?.services.find((one) => one.service === service);
    return found && <DayStrip availability={found} />;
  };
  const figures = {
    broker: intake && (
      <Figure
        value={t("ofTotal", { count: intake.devices_online, total: intake.devices_known })}
        label={t("devicesOnline")}
        href="/devices"
      />
    ),
    database: storage && <Figure value={bytesText(storage.database_bytes)} label={t("size")} />,
  };
  const sync = mirrors && (
    <Figure
      value={t("ofTotal", { count: mirrors.up_to_date, total: mirrors.total })}
      label={t("upToDate")}
      href="/offline-access"
    />
  );
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
          <ServiceRow
            key={service.name}
            service={service}
            figure={service.name === "sync" ? sync : undefined}
            days={daysOf(WATCHED[service.name])}
          />
        ))}
        {(["broker", "database"] as const).map((name) => {
          const found = data?.services.find(({ service }) => service === name);
          return (
            found && (
              <InfrastructureRow
                key={name}
                name={name}
                isUp={found.is_up}
                figure={figures[name]}
                days={daysOf(name)}
              />
            )
          );
        })}
      </ul>
    </section>
  );
}

const ROW =
  "flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 text-ui lg:grid " +
  "lg:grid-cols-[minmax(11rem,1.2fr)_6.5rem_7rem_minmax(0,3fr)_4.75rem]";
const CHECKS = ["database", "bus", "migrations"] as const;

function isKnownCheck(name: string): name is (typeof CHECKS)[number] {
  return (CHECKS as readonly string[]).includes(name);
}

type ServiceRowProps = { service: ServiceStatus; figure: ReactNode; days: ReactNode };

function ServiceRow({ service, figure, days }: ServiceRowProps) {
  const t = useTranslations("status");
  const failed = Object.keys(service.checks).filter((name) => !service.checks[name]);
  return (
    <li data-testid={`service-${service.name}`} data-ready={service.isReady} className={ROW}>
      <Title icon={SERVICES[service.name]} label={t(`services.${service.name}`)}>
        {failed.length === 0 ? (
          t(`does.${service.name}`)
        ) : (
          <span className="text-crit">
            {failed
              .map((name) =>
                t("checkFails", {
                  name: isKnownCheck(name) ? t(`checks.${name}`) : name.replaceAll("_", " "),
                }),
              )
              .join(", ")}
          </span>
        )}
      </Title>
      <span>
        <Badge tone={service.isReady ? "ok" : "crit"}>
          {service.isReady ? t("working") : service.tookMs === null ? t("noAnswer") : t("notReady")}
        </Badge>
      </span>
      {figure ??
        (service.tookMs === null ? (
          <span />
        ) : (
          <Figure value={t("ms", { ms: service.tookMs })} label={t("answers")} />
        ))}
      {days}
    </li>
  );
}

type InfrastructureRowProps = {
  name: keyof typeof INFRASTRUCTURE;
  /** null: not known. */
  isUp: boolean | null;
  figure: ReactNode;
  days: ReactNode;
};

function InfrastructureRow({ name, isUp, figure, days }: InfrastructureRowProps) {
  const t = useTranslations("status");
  return (
    <li data-testid={`service-${name}`} className={ROW}>
      <Title icon={INFRASTRUCTURE[name]} label={t(`watched.${name}`)}>
        {t(`infrastructure.${name}`)}
      </Title>
      <span>
        <Badge tone={isUp === null ? "neutral" : isUp ? "ok" : "crit"}>
          {isUp === null ? t("notKnown") : isUp ? t("working") : t("noAnswer")}
        </Badge>
      </span>
      {figure ?? <span />}
      {days}
    </li>
  );
}

function Title({ icon: Icon, label, children }: { icon: LucideIcon; label: string; children: ReactNode }) {
  return (
    <span className="flex min-w-0 flex-1 basis-48 items-center gap-3">
      <Icon className="size-4 shrink-0 text-fg-3" aria-hidden />
      <span className="min-w-0">
        <span className="block font-medium">{label}</span>
        <span className="block text-xs text-fg-2">{children}</span>
      </span>
    </span>
  );
}

function Figure({ value, label, href }: { value: string; label: string; href?: string }) {
  const text = (
    <>
      <span className="font-medium tabular-nums lg:block">{value}</span>{" "}
      <span className="text-xs text-fg-2 lg:block">{label}</span>
    </>
  );
  return href ? (
    <Link href={href} className="hover:underline lg:text-right">
      {text}
    </Link>
  ) : (
    <span className="lg:text-right">{text}</span>
  );
}
