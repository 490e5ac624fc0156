"use client";
// The page about one device: state, figures, ledger, series, commands, and what an administrator can do.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import { ChevronRight, SearchX } from "lucide-react";
import Link from "next/link";
import { useEffect } from "react";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { When } from "@/components/when";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { CommandsPanel } from "./commands-panel";
import { ConnectionsPanel } from "./connections-panel";
import { DeviceActions } from "../manage/device-actions";
import { DeviceStateBadge, DeviceStateNote, PromiseMark } from "../device-badges";
import { DeviceTiles } from "./device-tiles";
import type { FleetDevice } from "../fleet-device";
import { seriesQuery } from "../inventory";
import { LedgerPanel } from "./ledger-panel";
import { MirrorPanel } from "./mirror-panel";
import { PlainPanel } from "../plain/plain-panel";
import type { Readings } from "../series/readings";
import { RejectedPanel } from "./rejected-panel";
import { SeriesPanel } from "../series/series-panel";
import { useFleet } from "../use-fleet";

type DevicePageProps = { api: ApiClient; can: Can; id: string; readings: Readings };

const HOUR_US = 3_600_000_000;

export function DevicePage({ api, can, id, readings }: DevicePageProps) {
  const t = useTranslations("devices");
  const fleet = useFleet(api, can);
  const device = fleet.devices?.find((one) => one.id === id);
  const series = useQuery({ ...seriesQuery(api, id), enabled: device?.telemetry != null });
  const telemetry = device?.telemetry;
  const listed = series.data;
  useEffect(() => {
    if (telemetry && listed) readings.select({ devices: [telemetry], series: listed, rangeUs: HOUR_US });
  }, [readings, telemetry, listed]);

  if (!fleet.devices && fleet.error) {
    return <LoadError error={fleet.error} what={t("theDevice")} onRetry={fleet.reload} />;
  }
  if (!fleet.devices) return <DeviceSkeleton id={id} />;
  if (!device) return <UnknownDevice id={id} />;
  return (
    <div className="space-y-4">
      <Header api={api} can={can} device={device} onChanged={fleet.reload} />
      <DeviceTiles device={device} series={listed} hasMirror={can("mirror.read")} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div className="min-w-0 space-y-4">
          {telemetry && !device.isPlain && <LedgerPanel api={api} id={id} />}
          {telemetry && <SeriesPanel api={api} can={can} device={id} query={series} readings={readings} />}
          {telemetry && device.isPlain && <PlainPanel api={api} can={can} id={id} />}
        </div>
        <div className="min-w-0 space-y-4">
          {telemetry && telemetry.quarantined > 0 && can("telemetry.manage") && (
            <RejectedPanel api={api} id={id} count={telemetry.quarantined} />
          )}
          {telemetry && !device.isPlain && <ConnectionsPanel api={api} id={id} />}
          <EnrolmentPanel device={device} />
          {!device.isPlain && device.collector && can("collectors.command") && telemetry && (
            <CommandsPanel api={api} id={id} isOnline={telemetry.online === true} />
          )}
          {!device.isPlain && device.mirror && <MirrorPanel mirror={device.mirror} />}
        </div>
      </div>
    </div>
  );
}

function Header({
  api,
  can,
  device,
  onChanged,
}: {
  api: ApiClient;
  can: Can;
  device: FleetDevice;
  onChanged: () => void;
}) {
  const t = useTranslations("devices");
  return (
    <div>
      <nav aria-label={t("breadcrumb")} className="mb-1 flex items-center gap-1 text-xs text-fg-2">
        <Link href="/devices" className="hover:text-fg hover:underline">
          {t("devices")}
        </Link>
        {device.site && (
          <>
            <ChevronRight className="size-3" aria-hidden />
            <Link
              href={`/devices?q=${encodeURIComponent(device.site)}`}
              className="hover:text-fg hover:underline"
            >
              {device.site}
            </Link>
          </>
        )}
      </nav>
      <PageHeader
        title={
          <>
            <span dir="auto">{device.name}</span>
            <DeviceStateBadge device={device} />
            <span className="font-normal tracking-normal">
              <PromiseMark isPlain={device.isPlain} />
            </span>
          </>
        }
        subtitle={
          <p className="flex flex-wrap gap-x-2">
            <span className="font-mono text-xs leading-5">{device.id}</span>
            {device.tags.length > 0 && <span>{device.tags.join(", ")}</span>}
            <span>
              <DeviceStateNote device={device} />
            </span>
          </p>
        }
        actions={<DeviceActions api={api} can={can} device={device} onChanged={onChanged} />}
      />
    </div>
  );
}

function EnrolmentPanel({ device: { collector, telemetry } }: { device: FleetDevice }) {
  const t = useTranslations("devices");
  if (!collector) return null;
  const rows = [
    [t("created"), <When key="created" at={collector.created_at} />],
    [t("enrolled"), collector.enrolled_at ? <When key="enrolled" at={collector.enrolled_at} /> : t("notYet")],
    [t("keys"), collector.generation === 0 ? t("none") : t("generation", { number: collector.generation })],
    [
      t("nameAtTheBroker"),
      <span key="name" className="font-mono text-xs">
        {collector.username}
      </span>,
    ],
    [t("nameOnTheDevice"), telemetry?.name ?? "–"],
    [t("version"), telemetry?.version || "–"],
  ] as const;
  return (
    <section aria-label={t("enrolment")} className="rounded-[10px] border bg-surface">
      <h2 className="px-4 py-3 text-ui font-semibold">{t("enrolment")}</h2>
      <dl className="divide-y border-t text-ui">
        {rows.map(([label, value]) => (
          <div key={label} className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
            <dt className="text-fg-2">{label}</dt>
            <dd className="min-w-0 text-right wrap-anywhere">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function UnknownDevice({ id }: { id: string }) {
  const t = useTranslations("devices");
  return (
    <NoticeState
      icon={SearchX}
      title={t("thereIsNoDeviceId", { id })}
      role="alert"
      className="min-h-[50dvh]"
      action={
        <Link href="/devices" className="text-ui font-medium text-accent hover:underline">
          {t("showAllDevices")}
        </Link>
      }
    >
      {t("itMayHaveBeenDeleted")}
    </NoticeState>
  );
}

export function DeviceSkeleton({ id }: { id: string }) {
  const t = useTranslations("devices");
  return (
    <div className="space-y-4" role="status" aria-label={t("loading")}>
      <PageHeader title={id} subtitle={t("device")} />
      <div className="skeleton h-24 rounded-[10px]" />
      <div className="skeleton h-64 rounded-[10px]" />
    </div>
  );
}
