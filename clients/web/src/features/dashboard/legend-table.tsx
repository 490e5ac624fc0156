"use client";
// The figures under a chart; a click on a name shows that series alone.
import clsx from "clsx";
import { useCoarseNow } from "./feed-hooks";
import { formatBrief, formatValue, spoken } from "./format";
import type { Group } from "./groups";
import { seriesColor } from "./palette";
import type { Feed } from "./ports";
import { statsIn } from "./stats";

type LegendTableProps = {
  feed: Feed;
  group: Group;
  rangeUs: number;
  hidden: ReadonlySet<number>;
  onSolo: (id: number) => void;
  onToggle: (id: number) => void;
};

const FIGURES = ["min", "mean", "max", "last"] as const;
// A phone has room for three.
const narrow = { min: "", mean: "hidden sm:table-cell", max: "", last: "" } as const;

export function LegendTable({ feed, group, rangeUs, hidden, onSolo, onToggle }: LegendTableProps) {
  const to = useCoarseNow(feed) + 1_000_000;
  const window = { from: to - rangeUs, to };
  return (
    <table className="w-full table-fixed text-xs tabular-nums">
      <thead>
        <tr className="h-7 border-t text-fg-3">
          <th scope="col" className="w-[36%] px-1 text-left font-normal">
            Series
          </th>
          {FIGURES.map((figure) => (
            <th
              key={figure}
              scope="col"
              className={clsx("px-0.5 text-right font-normal capitalize sm:px-1", narrow[figure])}
            >
              {figure}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {group.series.map((one, place) => {
          const stats = statsIn(feed.samples(one.id), feed.gapTest(one.id), window);
          const isHidden = hidden.has(one.id);
          return (
            <tr key={one.id} className="h-7">
              <th scope="row" className="px-1 text-left font-normal">
                <button
                  type="button"
                  aria-pressed={!isHidden}
                  title="Show alone; with Ctrl show or hide"
                  onClick={(event) => (event.ctrlKey || event.metaKey ? onToggle(one.id) : onSolo(one.id))}
                  className={clsx(
                    "flex h-6 max-w-full items-center gap-2 rounded px-1 hover:bg-surface-2",
                    isHidden && "text-fg-3 line-through",
                  )}
                >
                  <span
                    className="h-[3px] w-3 shrink-0 rounded-full"
                    style={{
                      background: isHidden ? "var(--border-strong)" : seriesColor(group.firstColor + place),
                    }}
                  />
                  <span className="truncate">{one.display_name}</span>
                </button>
              </th>
              {FIGURES.map((figure) => {
                // Half on is no state of a switch.
                const isMeaningless = one.type === "bool" && figure === "mean";
                const value = stats && !isMeaningless ? stats[figure] : null;
                const shown = formatBrief(value, one);
                return (
                  <td
                    key={figure}
                    title={spoken(formatValue(value, one))}
                    className={clsx(
                      "truncate px-0.5 text-right sm:px-1",
                      narrow[figure],
                      figure === "last" ? "font-medium" : "text-fg-2",
                    )}
                  >
                    {shown.text}
                    {/* Scaled units differ from row to row; the others stand in the header. */}
                    {shown.unit !== one.unit && <span className="text-fg-3"> {shown.unit}</span>}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
