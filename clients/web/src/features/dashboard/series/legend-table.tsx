"use client";
// The table below a chart. A click on a name shows that series alone.
import clsx from "clsx";
import type { Series } from "@/contracts/http";
import { useCoarseNow } from "../feed-hooks";
import { formatBrief, formatFull } from "@/lib/format";
import type { Group } from "./groups";
import { seriesColor } from "@/charts/palette";
import type { Feed } from "../ports";
import { statsIn, type Stats } from "@/charts/data/stats";

type LegendTableProps = {
  feed: Feed;
  group: Group;
  rangeUs: number;
  hidden: ReadonlySet<number>;
  onSolo: (id: number) => void;
  onToggle: (id: number) => void;
};

const FIGURES = ["min", "mean", "max", "last"] as const;
// Four columns of figures. The name is in front of them, or above them on a narrow screen.
const ROW = "grid grid-cols-4 items-center @md:grid-cols-[minmax(0,1fr)_repeat(4,5rem)]";

export function LegendTable({ feed, group, rangeUs, hidden, onSolo, onToggle }: LegendTableProps) {
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
              Series
            </th>
            {FIGURES.map((figure) => (
              <th
                key={figure}
                role="columnheader"
                scope="col"
                className="px-1 text-right font-normal capitalize"
              >
                {figure}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" className="block">
          {group.series.map((one, place) => {
            const isHidden = hidden.has(one.id);
            return (
              <tr key={one.id} role="row" className={clsx(ROW, "min-h-7 pb-1 @md:pb-0")}>
                <th role="rowheader" scope="row" className="col-span-4 text-left font-normal @md:col-span-1">
                  <button
                    type="button"
                    aria-pressed={!isHidden}
                    title="Show this series alone. Ctrl+click shows or hides it."
                    onClick={(event) => (event.ctrlKey || event.metaKey ? onToggle(one.id) : onSolo(one.id))}
                    className={clsx(
                      "flex min-h-6 max-w-full items-center gap-2 rounded px-1 text-left hover:bg-surface-2",
                      isHidden && "text-fg-3 line-through",
                    )}
                  >
                    <span
                      className="keep-color h-[3px] w-3 shrink-0 rounded-full"
                      style={{
                        background: isHidden ? "var(--border-strong)" : seriesColor(group.firstColor + place),
                      }}
                    />
                    <span className="min-w-0 wrap-anywhere">{one.display_name}</span>
                  </button>
                </th>
                <Figures series={one} stats={statsIn(feed.samples(one.id), feed.gapTest(one.id), window)} />
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Figures({ series, stats }: { series: Series; stats: Stats | null }) {
  const span = stats ? stats.max - stats.min : 0;
  return FIGURES.map((figure) => {
    // A switch has no mean.
    const isMeaningless = series.type === "bool" && figure === "mean";
    const value = stats && !isMeaningless ? stats[figure] : null;
    const shown = formatBrief(value, series, span);
    return (
      <td
        key={figure}
        role="cell"
        title={formatFull(value, series)}
        className={clsx("px-1 text-right", figure === "last" ? "font-medium" : "text-fg-2")}
      >
        {shown.text}
        {/* Scaled units differ between rows. The header has the others. */}
        {shown.unit !== series.unit && <span className="text-fg-3"> {shown.unit}</span>}
      </td>
    );
  });
}
