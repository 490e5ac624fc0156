"use client";
// One chart per unit, below each other, with one crosshair and one tooltip.
import { sharedLimits } from "@/charts/marks/limits";
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { useMemo } from "react";
import { unionOf } from "@/charts/marks/shading";
import type { RangeChartContent } from "@/charts/range/range-chart";
import { readingsAt, type RangeLine } from "@/charts/range/range-line";
import type { TimeSpan } from "@/charts/types";
import { formatDuration } from "@/lib/texts/format";
import { shownUnit } from "@/lib/texts/units";
import { byUnit, gapsIn, SWITCH_KEY, type UnitGroup } from "../lines";
import type { Comparison, UnitLimit } from "../question";
import type { StoredReadings } from "../queries";
import { useDateLocale } from "../date-locale";
import { tooltipRows } from "./tooltip";
import { UnitChart } from "./unit-chart";

export type ChartStackProps = {
  lines: readonly RangeLine[];
  readings: ReadonlyMap<number, StoredReadings>;
  span: TimeSpan;
  zone: string;
  compare: Comparison;
  limits: readonly UnitLimit[];
  /** Times with a note. */
  notes: readonly number[];
  isLoading: boolean;
  onZoom: (span: TimeSpan) => void;
  onBack: () => void;
};

export default function ChartStack(props: ChartStackProps) {
  const { lines } = props;
  const groups = useMemo(() => byUnit(lines), [lines]);
  return (
    <div
      data-testid="charts"
      data-charts
      className={clsx("transition-opacity", props.isLoading && "opacity-60")}
    >
      {groups.map((group, place) => (
        <ChartOfUnit
          key={group.key}
          {...props}
          group={group}
          isFirst={place === 0}
          isLast={place === groups.length - 1}
          isAlone={groups.length === 1}
        />
      ))}
    </div>
  );
}

type ChartOfUnitProps = ChartStackProps & {
  group: UnitGroup<RangeLine>;
  isFirst: boolean;
  isLast: boolean;
  isAlone: boolean;
};

function ChartOfUnit({ group, isFirst, isLast, isAlone, ...props }: ChartOfUnitProps) {
  const { lines, readings, span, zone, compare, limits, notes } = props;
  const t = useTranslations("explore");
  const locale = useDateLocale();
  const content = useMemo((): RangeChartContent => {
    const gaps = group.series.flatMap(({ line }) => gapsIn(line));
    return {
      lines: group.series,
      unit: group.unit,
      window: span,
      zone,
      locale,
      gaps: unionOf([...gaps, ...edgesOf(group.series, span)], span),
      gapText: ({ from, to }) => t("chart.gap", { duration: formatDuration(to - from) }),
      limits: [
        ...limits.filter(({ unit }) => !group.isSwitch && unit === group.unit),
        ...sharedLimits(group.series.map(({ series }) => series)),
      ],
      notes,
      hasTimes: isLast,
    };
  }, [group, isLast, span, zone, locale, limits, notes, t]);
  const title = titleOf(group, t);
  const names = group.series.map(({ series }) => series.display_name);
  const rowsAt = (at: number, reach: number) => {
    const found = readingsAt(lines, at, reach);
    if (found.length === 0) return [];
    return tooltipRows({
      at,
      readings: found,
      zone,
      locale,
      hasEarlier: compare !== "none",
      texts: {
        now: t("chart.now"),
        before: t(`compare.short.${compare}`),
        more: (count) => t("tree.more", { count }),
      },
    });
  };
  return (
    <section aria-label={title} data-testid={`unit-${group.unit || (group.isSwitch ? "switch" : "none")}`}>
      <header className="flex flex-wrap items-baseline gap-x-2 px-4 pt-3 pb-1">
        <h2 className="text-ui font-semibold" data-chart-title>
          {title}
        </h2>
        <span className="text-xs text-fg-2">{detailOf(group, readings, span, t)}</span>
      </header>
      <div className={clsx("relative", isAlone ? "h-96" : isFirst ? "h-72" : "h-44")}>
        <UnitChart
          content={content}
          label={t("chart.label", { names: names.join(", ") })}
          onZoom={props.onZoom}
          onBack={props.onBack}
          rowsAt={rowsAt}
        />
      </div>
    </section>
  );
}

type Translate = ReturnType<typeof useTranslations<"explore">>;

function titleOf({ key, unit, series }: UnitGroup<RangeLine>, t: Translate): string {
  if (series.length === 1) return series[0]!.series.display_name;
  if (key === SWITCH_KEY) return t("onOff");
  return shownUnit(unit) || t("noUnit");
}

/** The unit, the distance of the points, and how many readings arrived late. */
function detailOf(
  { unit, series }: UnitGroup<RangeLine>,
  readings: ReadonlyMap<number, StoredReadings>,
  span: TimeSpan,
  t: Translate,
): string {
  const known = series.flatMap(({ series: { id } }) => readings.get(id) ?? []);
  const isSampled = known.some(({ sampled }) => sampled);
  const most = Math.max(0, ...known.map(({ t: times }) => times.length));
  const level = known.map((one) => one.level).find((one) => one !== "raw");
  return [
    series.length === 1 ? shownUnit(unit) : t("chart.count", { count: series.length }),
    isSampled
      ? t("chart.sampled", { duration: formatDuration((span.to - span.from) / Math.max(1, most / 4)) })
      : t("chart.every"),
    level ? t(`chart.level.${level}`) : "",
    known.some(({ late }) => late > 0) ? t("chart.late") : "",
    known.some(({ clock_suspect: isSuspect }) => isSuspect) ? t("chart.suspect") : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

const EDGE_INTERVALS = 5;
const LEAST_SHARE = 0.01;

/** The start and the end of the span, where no series has readings for longer than usual. */
function edgesOf(lines: readonly RangeLine[], { from, to }: TimeSpan): TimeSpan[] {
  const filled = lines.map(({ line }) => line.t).filter((t) => t.length > 1);
  if (filled.length === 0) return [];
  const first = Math.min(...filled.map((t) => t[0]!));
  const last = Math.max(...filled.map((t) => t.at(-1)!));
  const usual = Math.max(...filled.map((t) => (t.at(-1)! - t[0]!) / (t.length - 1)));
  const least = Math.max(usual * EDGE_INTERVALS, (to - from) * LEAST_SHARE);
  return [
    { from, to: first },
    { from: last, to: Math.min(to, Date.now() * 1_000) },
  ].filter((edge) => edge.to - edge.from > least);
}
