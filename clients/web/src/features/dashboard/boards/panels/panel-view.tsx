"use client";
// One panel of a dashboard with its readings, or with the state that explains why there are none.
import { memo, useMemo } from "react";
import { seriesColor } from "@/charts/palette";
import { browserScheduler } from "@/charts/drawing/browser-scheduler";
import { sharedLimits } from "@/charts/marks/limits";
import type { AxisMode } from "@/charts/types";
import type { Series, ShownDevice } from "@/contracts/http";
import type { Feed } from "../../ports";
import { ChartPanel } from "../../series/chart-panel";
import { SeriesTable } from "../../series/series-table";
import { Tile } from "../../series/tile";
import type { Axis, Panel } from "../model";
import { resolve } from "../resolve";
import { useText } from "../text";
import { GaugeView } from "./gauge-view";
import { MissingSeries, PanelSkeleton, PanelState } from "./panel-state";
import { SwitchView } from "./switch-view";
import { TextView } from "./text-view";

/** What all panels of a page share. */
export type PanelSurroundings = {
  readonly feed: Feed;
  /** null: not loaded yet. */
  readonly seriesById: ReadonlyMap<number, Series> | null;
  readonly devices: readonly ShownDevice[];
  readonly rangeUs: number;
  /** Absent when the person may not change the dashboard. */
  readonly onChoose?: (id: string) => void;
};

type PanelViewProps = PanelSurroundings & { panel: Panel };

export const PanelView = memo(function PanelView({
  panel,
  feed,
  seriesById,
  devices,
  rangeUs,
  onChoose,
}: PanelViewProps) {
  const t = useText();
  // A panel that only moved shows the same series.
  const settings = JSON.stringify({ ...panel, x: 0, y: 0, w: 0, h: 0 });
  const resolved = useMemo(
    () => seriesById && resolve(JSON.parse(settings) as Panel, seriesById, devices),
    [settings, seriesById, devices],
  );
  const shown = useMemo(
    () => chartOf(JSON.parse(settings) as Panel, resolved?.series ?? []),
    [settings, resolved],
  );
  const [first] = resolved?.series ?? [];
  const title = panel.title || shown?.group.title || first?.display_name || t(panel.kind);
  const testId = `panel-${panel.id}`;

  if (panel.kind === "text") return <TextView id={panel.id} title={title} text={panel.text} />;
  if (!resolved) return <PanelSkeleton title={title} />;
  const { series, missing } = resolved;
  if (!first) {
    return (
      <PanelState
        title={title}
        testId={testId}
        action={onChoose && { label: t("chooseSeries"), onClick: () => onChoose(panel.id) }}
      >
        {missing > 0 ? t("seriesDeleted", { count: missing }) : t("noSeries")}
      </PanelState>
    );
  }
  switch (panel.kind) {
    case "chart":
      return (
        <ChartPanel
          // Another range gets a new chart with its own marks.
          key={rangeUs}
          feed={feed}
          group={shown!.group}
          rangeUs={rangeUs}
          scheduler={browserScheduler()}
          isLarge={false}
          limits={shown!.limits}
          decimals={panel.decimals}
          hasTable={panel.show_table}
          notice={<MissingSeries count={missing} />}
          className="h-full overflow-y-auto"
        />
      );
    case "number":
      return (
        <div className="h-full" data-testid={testId}>
          <Tile
            feed={feed}
            series={first}
            color={seriesColor(first.id)}
            sparkUs={rangeUs}
            title={title}
            display={panel}
            limits={panel.limits.length > 0 ? panel.limits : first.limits}
            hasSparkline={panel.show_sparkline}
            className="h-full min-h-24"
          />
        </div>
      );
    case "gauge":
      return <GaugeView feed={feed} series={first} panel={panel} title={title} />;
    case "switch":
      return <SwitchView feed={feed} series={series} missing={missing} panel={panel} title={title} />;
    case "table":
      return (
        <SeriesTable
          feed={feed}
          series={series}
          sparkUs={rangeUs}
          title={panel.title || t("table")}
          testId={testId}
          decimals={panel.decimals}
          notice={<MissingSeries count={missing} />}
          isFilling
        />
      );
  }
});

/** The series of a chart as a group with one unit and one axis. */
function chartOf(panel: Panel, series: readonly Series[]) {
  if (panel.kind !== "chart") return null;
  const units = [...new Set(series.map(({ unit }) => unit))];
  const unit = panel.unit ?? (units.length === 1 ? units[0]! : "");
  const group = {
    key: panel.id,
    title: panel.title || (series.length === 1 ? series[0]!.display_name : ""),
    unit,
    // The axis of several units has none, so its numbers are the declared ones. Tooltip and legend must show the same.
    series:
      panel.unit !== null
        ? series.map((one) => ({ ...one, unit }))
        : units.length > 1
          ? series.map((one) => ({ ...one, keepsUnit: true }))
          : series,
    firstColor: 0,
    axis: axisOf(panel.axis),
    isShaded: panel.shade,
  };
  return {
    group: {
      ...group,
      title:
        group.title ||
        series
          .map((one) => one.display_name)
          .join(", ")
          .slice(0, 60),
    },
    limits: panel.limits.length > 0 ? panel.limits : sharedLimits(series),
  };
}

function axisOf({ mode, min, max }: Axis): AxisMode {
  return mode === "fixed" && min !== null && max !== null
    ? { mode, min, max }
    : { mode: mode === "log" ? mode : "auto" };
}
