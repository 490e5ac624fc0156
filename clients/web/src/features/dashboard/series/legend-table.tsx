"use client";
// The table below a chart. A click on a name shows that series alone.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import type { Series } from "@/contracts/http";
import { useCoarseNow } from "../feed-hooks";
import { formatFull } from "@/lib/texts/format";
import { shownUnit } from "@/lib/texts/units";
import type { Group } from "./groups";
import { seriesColor } from "@/charts/palette";
import type { Feed } from "../ports";
import { statsIn, type Stats } from "@/charts/data/stats";
import { shownValue } from "./shown-value";

type LegendProps = {
  group: Group;
  hidden: ReadonlySet<number>;
  onSolo: (id: number) => void;
  onToggle: (id: number) => void;
};

type LegendTableProps = LegendProps & {
  feed: Feed;
  rangeUs: number;
  /** Exactly this many decimals; null: as many as fit. */
  decimals: number | null;
};

const FIGURES = ["min", "mean", "max", "last"] as const;
// Four columns of figures. The name is in front of them, or above them on a narrow screen.
const ROW = "grid grid-cols-4 items-center @md:grid-cols-[minmax(0,1fr)_repeat(4,5rem)]";

/** The names below a chart without a table. */
export function ChartLegend(props: LegendProps) {
  const t = useTranslations("dashboard");
  return (
    <ul
      className="flex max-h-24 flex-wrap gap-x-3 overflow-y-auto px-3 pt-1 pb-2 text-xs"
      aria-label={t("series")}
    >
      {props.group.series.map((_, place) => (
        <li key={props.group.series[place]!.id} className="min-w-0">
          <SeriesName {...props} place={place} />
        </li>
      ))}
    </ul>
  );
}

function SeriesName({ group, hidden, onSolo, onToggle, place }: LegendProps & { place: number }) {
  const t = useTranslations("dashboard");
  const one = group.series[place]!;
  const isHidden = hidden.has(one.id);
  return (
    <button
      type="button"
      aria-pressed={!isHidden}
      title={t("showThisSeriesAloneCtrl")}
      onClick={(event) => (event.ctrlKey || event.metaKey ? onToggle(one.id) : onSolo(one.id))}
      className={clsx(
        "flex min-h-6 max-w-full items-center gap-2 rounded px-1 text-left hover:bg-surface-2",
        isHidden && "text-fg-3 line-through",
      )}
    >
      <span
        className="keep-color h-[3px] w-3 shrink-0 rounded-full"
        style={{ background: isHidden ? "var(--border-strong)" : seriesColor(group.firstColor + place) }}
      />
      <span className="min-w-0 wrap-anywhere">{one.display_name}</span>
    </button>
  );
}

export function LegendTable({ feed, rangeUs, decimals, ...legend }: LegendTableProps) {
  const { group } = legend;
  const t = useTranslations("dashboard");
  const to = useCoarseNow(feed) + 1_000_000;
  const window = { from: to - rangeUs, to };
  return (
    <div className="@container">
      {/* `display: grid` removes the table roles, so they are set again. */}
      <table role="table" className="block text-xs tabular-nums">
        <thead role="rowgroup" className="block">
          <tr role="row" className={clsx(ROW, "h-7 border-t text-fg-3")}>
            <th
              role="columnheader"
              scope="col"
              className="sr-only px-1 text-left font-normal @md:not-sr-only @md:px-1"
            >
              {t("series")}
            </th>
            {FIGURES.map((figure) => (
              <th key={figure} role="columnheader" scope="col" className="px-1 text-right font-normal">
                {t(`figures.${figure}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" className="block">
          {group.series.map((one, place) => (
            <tr key={one.id} role="row" className={clsx(ROW, "min-h-7 pb-1 @md:pb-0")}>
              <th role="rowheader" scope="row" className="col-span-4 text-left font-normal @md:col-span-1">
                <SeriesName {...legend} place={place} />
              </th>
              <Figures
                series={one}
                decimals={decimals}
                stats={statsIn(feed.samples(one.id), feed.gapTest(one.id), window)}
              />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type FiguresProps = { series: Series; decimals: number | null; stats: Stats | null };

function Figures({ series, decimals, stats }: FiguresProps) {
  const span = stats ? stats.max - stats.min : 0;
  return FIGURES.map((figure) => {
    // A switch has no mean.
    const isMeaningless = series.type === "bool" && figure === "mean";
    const value = stats && !isMeaningless ? stats[figure] : null;
    const shown = shownValue(value, series, span, { unit: null, decimals });
    return (
      <td
        key={figure}
        role="cell"
        title={formatFull(value, series)}
        className={clsx("px-1 text-right", figure === "last" ? "font-medium" : "text-fg-2")}
      >
        {shown.text}
        {/* Scaled units differ between rows. The header has the others. */}
        {shown.unit !== shownUnit(series.unit) && <span className="text-fg-3"> {shown.unit}</span>}
      </td>
    );
  });
}
