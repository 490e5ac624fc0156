"use client";
// The header of the dashboard: the device, its state, and the controls of the view.
import { useTranslations } from "next-intl";
import { Maximize } from "lucide-react";
import type { ReactNode } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import type { Device, Series } from "@/contracts/http";
import { useText } from "./boards/text";
import type { Backlogs } from "@/lib/readings/backlog";
import { CatchUp } from "./devices/catch-up";
import { deviceState } from "./devices/device-state";
import { useCoarseNow, useConnectionKind, useHistoryState, useTick } from "./feed-hooks";
import { formatAge, formatDuration } from "@/lib/texts/format";
import { PauseButton } from "./pause-button";
import type { Feed } from "./ports";
import { RangePicker } from "./range-picker";
import type { RangeKey } from "./ranges";
import { freshnessOf, type Freshness } from "@/lib/readings/staleness";

type DashboardHeaderProps = {
  feed: Feed;
  backlogs: Backlogs;
  device: Device;
  series: readonly Series[];
  rangeKey: RangeKey;
  onRange: (key: RangeKey) => void;
  /** Beside the name: switches to other dashboards. */
  switcher: ReactNode;
  onKiosk: () => void;
};

export function DashboardHeader({
  feed,
  backlogs,
  device,
  series,
  rangeKey,
  onRange,
  switcher,
  onKiosk,
}: DashboardHeaderProps) {
  const t = useText();
  const kind = useConnectionKind(feed);
  // Without a connection, the state of the collector is unknown.
  const texts = useTranslations("dashboard");
  const state = deviceState(kind === "reconnecting" || kind === "offline" ? { online: null } : device);
  return (
    <div className="flex flex-wrap items-end gap-x-4 gap-y-3">
      <div className="min-w-0 flex-1 basis-72">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <h1 className="min-w-0 wrap-anywhere text-[20px] leading-7 font-semibold tracking-[-0.015em]">
            {device.name}
          </h1>
          {switcher}
          <Badge tone={state.tone}>{texts(`states.${state.name}`)}</Badge>
          {device.clock_suspect && device.clock_offset_us !== null && (
            <Badge tone="warn" title={texts("clockWrongWhy")}>
              {texts("clockWrongBy", { duration: formatDuration(Math.abs(device.clock_offset_us)) })}
            </Badge>
          )}
          {device.cloned && (
            <Badge tone="warn" title={texts("twoMachinesWhy")}>
              {texts("twoMachines")}
            </Badge>
          )}
          {device.promise === "at_least_once" && (
            <Badge tone="neutral" title={texts("atLeastOnceWhy")}>
              {texts("atLeastOnce")}
            </Badge>
          )}
          <CatchUp backlogs={backlogs} id={device.id} />
        </div>
        <Summary feed={feed} series={series} />
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <RangePicker value={rangeKey} onChange={onRange} />
        <PauseButton feed={feed} />
        <Button
          size="icon"
          aria-label={t("fullScreen")}
          title={t("fullScreen")}
          onClick={onKiosk}
          data-testid="full-screen"
        >
          <Maximize className="size-4" aria-hidden />
        </Button>
      </div>
    </div>
  );
}

/** How many series report, or how far the view is behind. */
export function Summary({ feed, series }: { feed: Feed; series: readonly Series[] }) {
  const texts = useTranslations("dashboard");
  const { paused, behindUs } = useTick(feed);
  const now = useCoarseNow(feed);
  const isLoaded = useHistoryState(feed).status === "ready";
  const states = series.map((one) => {
    const t = feed.latest(one.id)?.t ?? null;
    return { t, freshness: freshnessOf(t, now, feed.interval(one.id)) };
  });
  const count = (kind: Freshness) => states.filter(({ freshness }) => freshness === kind).length;
  const [unknown, ahead] = [count("unknown"), count("ahead")];
  const past = states.filter(({ freshness }) => freshness !== "ahead");
  const newest = Math.max(...past.map(({ t }) => t ?? -Infinity));
  if (paused) {
    return (
      <p className="text-ui text-fg-2 tabular-nums" data-testid="paused-note">
        {texts("pausedBehind", { duration: formatDuration(behindUs) })}
      </p>
    );
  }
  return (
    <p className="text-ui text-fg-2 tabular-nums" data-testid="summary">
      {[
        texts("reporting", { count: count("current"), total: series.length }),
        isLoaded && unknown > 0 && texts("tooFew", { count: unknown }),
        ahead > 0 && texts("inTheFuture", { count: ahead }),
        Number.isFinite(newest) && texts("updated", { age: formatAge(now - newest) }),
      ]
        .filter(Boolean)
        .join(" · ")}
    </p>
  );
}
