"use client";
// The dashboard: finds out what there is to show, tells the feed, and lays it out.
import { useQuery } from "@tanstack/react-query";
import { Lock, RadioTower, ServerCrash, Waypoints } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { AppShell } from "@/components/app-shell";
import { Button } from "@/components/button";
import { Banner, NoticeState } from "@/components/notice-state";
import { ApiError, type ApiClient } from "@/lib/api-client";
import type { May } from "@/lib/permissions";
import type { Backlogs } from "./backlog";
import { DashboardBody } from "./dashboard-body";
import { DashboardSkeleton } from "./dashboard-skeleton";
import { DevicePicker } from "./device-picker";
import { HelpDialog } from "./help-dialog";
import { descriptions, devicesQuery, seriesQuery } from "./inventory";
import type { Feed } from "./ports";
import { RANGES, rangeOf, type RangeKey } from "./ranges";
import { useShortcuts } from "./use-shortcuts";

type DashboardProps = {
  may: May;
  feed: Feed;
  backlogs: Backlogs;
  api: ApiClient;
  /** From the address; null for the default. */
  rangeKey: string | null;
  deviceId: string | null;
  isDenied: boolean;
  onRange: (key: RangeKey) => void;
  onDevice: (id: string) => void;
  status: ReactNode;
  account: ReactNode;
};

export function Dashboard({
  may,
  feed,
  backlogs,
  api,
  rangeKey,
  deviceId,
  isDenied,
  onRange,
  onDevice,
  status,
  account,
}: DashboardProps) {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const range = rangeOf(rangeKey);
  const devices = useQuery(devicesQuery(api));
  const device = devices.data?.find(({ id }) => id === deviceId) ?? devices.data?.[0];
  const series = useQuery(seriesQuery(api, device?.id));
  const described = useQuery({ ...seriesQuery(api, device?.id), select: descriptions });

  useEffect(() => {
    for (const { id, waiting } of devices.data ?? []) backlogs.note(id, waiting, devices.dataUpdatedAt);
  }, [backlogs, devices.data, devices.dataUpdatedAt]);

  const listed = series.data;
  useEffect(() => {
    if (device && listed) feed.select({ device, series: listed, rangeUs: range.us });
  }, [feed, device, listed, range.us]);

  useShortcuts({
    p: () => feed.setPaused(!feed.view.current().paused),
    "?": () => setHelpOpen(true),
    ...Object.fromEntries(RANGES.map(({ key }, index) => [String(index + 1), () => onRange(key)])),
  });

  const error = devices.data ? (series.data ? null : series.error) : devices.error;
  let content: ReactNode;
  if (error) {
    content = (
      <LoadError error={error} onRetry={() => void (devices.data ? series.refetch() : devices.refetch())} />
    );
  } else if (devices.data && !device) {
    content = <NoCollectors />;
  } else if (!device || !described.data) {
    content = <DashboardSkeleton />;
  } else if (described.data.length === 0) {
    content = <NoSeries name={device.name} />;
  } else {
    content = (
      <DashboardBody
        // Another device is another dashboard: nothing of the last one is kept.
        key={device.id}
        feed={feed}
        backlogs={backlogs}
        device={device}
        series={described.data}
        range={range}
        onRange={onRange}
      />
    );
  }

  return (
    <AppShell
      may={may}
      picker={
        device && devices.data && devices.data.length > 1 ? (
          <DevicePicker backlogs={backlogs} devices={devices.data} selected={device} onSelect={onDevice} />
        ) : null
      }
      account={account}
      breadcrumb={<p className="truncate text-ui text-fg-2">Dashboard</p>}
      status={status}
      onHelp={() => setHelpOpen(true)}
    >
      <div className="space-y-4">
        {isDenied && (
          <Banner tone="warn">Your account has no access to that page. This is the dashboard instead.</Banner>
        )}
        {content}
      </div>
      <HelpDialog open={isHelpOpen} onOpenChange={setHelpOpen} />
    </AppShell>
  );
}

function LoadError({ error, onRetry }: { error: Error; onRetry: () => void }) {
  if (error instanceof ApiError && error.status === 403) {
    return (
      <NoticeState icon={Lock} title="No access" tone="warn" role="alert" className="min-h-[50dvh]">
        Your account may not see telemetry. Ask an administrator for a role that may.
      </NoticeState>
    );
  }
  return (
    <NoticeState
      icon={ServerCrash}
      title="The telemetry service does not answer"
      tone="crit"
      role="alert"
      className="min-h-[50dvh]"
      action={
        <Button onClick={onRetry} data-testid="retry">
          Try again
        </Button>
      }
    >
      {error.message}
    </NoticeState>
  );
}

function NoCollectors() {
  return (
    <NoticeState icon={RadioTower} title="No collectors yet" role="status" className="min-h-[60dvh]">
      Install the PrecisionPulse collector on a machine with sensors and enrol it with a one-time code from an
      administrator. It appears here as soon as it has sent its first readings.
    </NoticeState>
  );
}

function NoSeries({ name }: { name: string }) {
  return (
    <NoticeState
      icon={Waypoints}
      title={`${name} has sent no series yet`}
      role="status"
      className="min-h-[60dvh]"
    >
      The collector is known, but it has not declared any series. Check that at least one sensor is switched
      on in it.
    </NoticeState>
  );
}
