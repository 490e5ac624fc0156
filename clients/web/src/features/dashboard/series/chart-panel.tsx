"use client";
// One group of series as a chart with its legend. React renders the frame; the scheduler draws the chart.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { useMemo, useState, type ReactNode } from "react";
import { statsIn } from "@/charts/data/stats";
import type { DrawScheduler } from "@/charts/drawing/draw-scheduler";
import { sharedLimits } from "@/charts/marks/limits";
import { ChartKey } from "@/charts/marks/chart-key";
import type { Limit } from "@/charts/types";
import { useTimeChart } from "@/charts/use-time-chart";
import { Panel } from "@/components/panel";
import { formatDuration } from "@/lib/texts/format";
import { shownUnit } from "@/lib/texts/units";
import { useCoarseNow, useHistoryState } from "../feed-hooks";
import type { Feed } from "../ports";
import type { Group } from "./groups";
import { ChartLegend, LegendTable } from "./legend-table";

type ChartPanelProps = {
  feed: Feed;
  group: Group;
  rangeUs: number;
  scheduler: DrawScheduler;
  isLarge: boolean;
  /** Absent: those that the series have for everybody. Keep the same list while nothing changes. */
  limits?: readonly Limit[];
  /** Exactly this many decimals in the table; null: as many as fit. */
  decimals?: number | null;
  hasTable?: boolean;
  notice?: ReactNode;
  className?: string;
};

export function ChartPanel({
  feed,
  group,
  rangeUs,
  scheduler,
  isLarge,
  limits: given,
  decimals = null,
  hasTable = true,
  notice,
  className = "h-full",
}: ChartPanelProps) {
  const t = useTranslations("dashboard");
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const shared = useMemo(() => sharedLimits(group.series), [group.series]);
  const limits = given ?? shared;
  const { hostRef, tooltipRef, marks } = useTimeChart({
    source: feed,
    group,
    rangeUs,
    scheduler,
    hidden,
    limits,
  });

  const solo = (id: number) => {
    const others = group.series.map((one) => one.id).filter((one) => one !== id);
    const isSolo = !hidden.has(id) && others.every((one) => hidden.has(one));
    setHidden(new Set(isSolo ? [] : others));
  };
  const toggle = (id: number) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next.size === group.series.length ? new Set() : next);
  };

  const unit = shownUnit(group.unit);
  const count = group.series.length;
  return (
    <Panel
      title={group.title}
      meta={[group.title.endsWith(`, ${unit}`) ? "" : unit, count > 1 ? t("seriesCount", { count }) : ""]
        .filter(Boolean)
        .join(" · ")}
      testId={`chart-${group.key}`}
      actions={<ChartKey {...marks} />}
      className={className}
    >
      {notice}
      {/* Fills the rest of the row. On a phone, two and a half charts fit the screen. */}
      <div
        className={clsx(
          "relative flex-auto",
          !hasTable ? "min-h-32" : isLarge ? "h-60 sm:h-72 xl:h-auto xl:min-h-72" : "h-52",
        )}
      >
        <div
          ref={hostRef}
          role="img"
          aria-label={t(hasTable ? "lineChartWithTable" : "lineChart", {
            names: group.series.map((one) => one.display_name).join(", "),
          })}
          className="keep-color absolute inset-x-2 inset-y-0"
        />
        <ChartOverlay feed={feed} group={group} rangeUs={rangeUs} />
        <div
          ref={tooltipRef}
          hidden
          className="pointer-events-none absolute top-2 z-10 max-w-72 min-w-40 rounded-[7px] border bg-surface px-3 py-2 shadow-pop"
        />
      </div>
      {hasTable ? (
        <div className="px-3 pt-1 pb-3">
          <LegendTable
            feed={feed}
            group={group}
            rangeUs={rangeUs}
            decimals={decimals}
            hidden={hidden}
            onSolo={solo}
            onToggle={toggle}
          />
        </div>
      ) : (
        <ChartLegend group={group} hidden={hidden} onSolo={solo} onToggle={toggle} />
      )}
    </Panel>
  );
}

/** Covers a chart without readings: a skeleton while loading, then the reason. */
function ChartOverlay({ feed, group, rangeUs }: { feed: Feed; group: Group; rangeUs: number }) {
  const t = useTranslations("dashboard");
  const history = useHistoryState(feed);
  const to = useCoarseNow(feed) + 1_000_000;
  const window = { from: to - rangeUs, to };
  const hasData = group.series.some(({ id }) => statsIn(feed.samples(id), feed.gapTest(id), window) !== null);
  if (hasData) return null;
  return (
    <div className="pointer-events-none absolute inset-0 flex items-center justify-center">
      {history.status === "loading" || history.status === "idle" ? (
        <div className="skeleton h-[70%] w-[88%]" />
      ) : (
        <p className="rounded-[7px] bg-surface px-3 py-1.5 text-ui text-fg-2">
          {history.status === "ready"
            ? t("noReadings", { duration: formatDuration(rangeUs) })
            : t("historyFailed")}
        </p>
      )}
    </div>
  );
}
