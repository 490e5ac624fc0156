"use client";
// The dashboard: loads the devices and series, selects them in the feed, and shows them.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import { RadioTower, Waypoints } from "lucide-react";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { AppShell } from "@/components/app-shell";
import { Banner, NoticeState } from "@/components/notice-state";
import type { ApiClient } from "@/lib/api/api-client";
import type { Series } from "@/contracts/http";
import type { Can } from "@/lib/permissions";
import type { Backlogs } from "@/lib/readings/backlog";
import { DashboardBody } from "./dashboard-body";
import { DashboardSkeleton } from "./dashboard-skeleton";
import { DevicePicker } from "./devices/device-picker";
import { LoadError } from "@/components/load-error";
import { bySignificance } from "./series/order";
import { HelpDialog } from "./help-dialog";
import { descriptions, devicesQuery, seriesQuery } from "./inventory";
import { Kiosk } from "./kiosk";
import type { Feed } from "./ports";
import { UnknownDevice } from "./devices/unknown-device";
import { RANGES, rangeOf, type RangeKey } from "./ranges";
import { useShortcuts } from "./use-shortcuts";

type DashboardProps = {
  can: Can;
  feed: Feed;
  backlogs: Backlogs;
  api: ApiClient;
  /** From the address; null means the default. */
  rangeKey: string | null;
  deviceId: string | null;
  isDenied: boolean;
  onRange: (key: RangeKey) => void;
  onDevice: (id: string) => void;
  status: ReactNode;
  account: ReactNode;
  /** Switches to other dashboards. Gets the id of the shown device. */
  switcher: (device: string | null) => ReactNode;
  isKiosk: boolean;
  onKiosk: (isOn: boolean) => void;
};

// The limit of one live subscription.
const MAX_SERIES = 500;

export function Dashboard({
  can,
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
  switcher,
  isKiosk,
  onKiosk,
}: DashboardProps) {
  const t = useTranslations("dashboard");
  const texts = useTranslations("dashboard");
  const [isHelpOpen, setHelpOpen] = useState(false);
  const range = rangeOf(rangeKey);
  const devices = useQuery(devicesQuery(api));
  const device = deviceId ? devices.data?.find(({ id }) => id === deviceId) : devices.data?.[0];
  const series = useQuery(seriesQuery(api, device?.id));
  const described = useQuery({ ...seriesQuery(api, device?.id), select: descriptions });
  const shown = useMemo(() => mostSignificant(described.data ?? []), [described.data]);

  useEffect(() => {
    for (const { id, waiting } of devices.data ?? []) backlogs.add(id, waiting, devices.dataUpdatedAt);
  }, [backlogs, devices.data, devices.dataUpdatedAt]);

  const listed = series.data;
  useEffect(() => {
    if (device && listed)
      feed.select({ devices: [device], series: mostSignificant(listed), rangeUs: range.us });
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
      <LoadError
        error={error}
        what={devices.data ? t("theListOfSeries") : t("theListOfDevices")}
        onRetry={() => void (devices.data ? series.refetch() : devices.refetch())}
      />
    );
  } else if (devices.data?.length === 0) {
    content = <NoCollectors />;
  } else if (devices.data && !device) {
    content = (
      <UnknownDevice id={deviceId ?? ""} backlogs={backlogs} devices={devices.data} onSelect={onDevice} />
    );
  } else if (!device || !described.data) {
    content = <DashboardSkeleton />;
  } else if (described.data.length === 0) {
    content = (
      <>
        <div className="flex items-center gap-2 text-ui text-fg-2">{switcher(device.id)}</div>
        <NoSeries name={device.name} />
      </>
    );
  } else {
    content = (
      <DashboardBody
        // Another device gets a new dashboard, without the state of this one.
        key={device.id}
        feed={feed}
        backlogs={backlogs}
        device={device}
        series={shown}
        range={range}
        onRange={onRange}
        switcher={switcher(device.id)}
        onKiosk={() => onKiosk(true)}
      />
    );
  }

  if (isKiosk) {
    return (
      <Kiosk onLeave={() => onKiosk(false)}>
        <div className="space-y-4">{content}</div>
      </Kiosk>
    );
  }
  return (
    <AppShell
      can={can}
      picker={
        devices.data && (devices.data.length > 1 || (!device && devices.data.length > 0))
          ? (close) => (
              <DevicePicker
                backlogs={backlogs}
                devices={devices.data}
                selected={device}
                onSelect={(id) => {
                  close();
                  onDevice(id);
                }}
              />
            )
          : null
      }
      account={account}
      breadcrumb={<p className="truncate text-ui text-fg-2">{t("dashboard")}</p>}
      status={status}
      onHelp={() => setHelpOpen(true)}
    >
      <div className="space-y-4">
        {isDenied && <Banner tone="warn">{t("yourAccountHasNoAccess2")}</Banner>}
        {described.data && described.data.length > shown.length && (
          <Banner tone="info">
            {texts("mostSignificant", { count: described.data.length, most: MAX_SERIES })}
          </Banner>
        )}
        {content}
      </div>
      <HelpDialog open={isHelpOpen} onOpenChange={setHelpOpen} />
    </AppShell>
  );
}

function mostSignificant(series: readonly Series[]): readonly Series[] {
  return series.length > MAX_SERIES ? bySignificance(series).slice(0, MAX_SERIES) : series;
}

function NoCollectors() {
  const t = useTranslations("dashboard");
  return (
    <NoticeState icon={RadioTower} title={t("noCollectorsYet")} role="status" className="min-h-[60dvh]">
      {t("installThePrecisionpulseCollectorOn")}
    </NoticeState>
  );
}

function NoSeries({ name }: { name: string }) {
  const t = useTranslations("dashboard");
  return (
    <NoticeState
      icon={Waypoints}
      title={t("nameHasSentNoSeries", { name })}
      role="status"
      className="min-h-[60dvh]"
    >
      {t("theCollectorIsConnectedBut")}
    </NoticeState>
  );
}
