// The content of a chart's tooltip: readings with their own times, not the time of the pointer. Built without React,
// because it changes with every move of the pointer.
import { pageTexts } from "@/i18n/page-texts";
import { timeFormat } from "@/lib/texts/format-time";
import { nearest } from "@/lib/readings/ordered-search";
import type { Series } from "@/contracts/http";
import { bytesPer, formatBrief, formatDuration, formatValue, valueText } from "@/lib/texts/format";
import { seriesColor } from "../palette";
import type { Line } from "../data/plot-data";
import { bandAt } from "../marks/shading";
import type { TimeSpan } from "../types";

/** One line of a chart. `color`: its number in the palette. */
export type PlottedLine = { readonly series: Series; readonly line: Line; readonly color: number };
export type TooltipReading = {
  readonly series: Series;
  readonly color: number;
  readonly t: number;
  readonly value: number;
};

/** The reading of each line that is nearest to `at` and within `reach`. The highest value comes first. */
export function readingsAt(lines: readonly PlottedLine[], at: number, reach: number): TooltipReading[] {
  return lines
    .flatMap(({ series, line, color }) => {
      const index = nearestDrawn(line.v, nearest(line.t, at));
      const t = index === null ? undefined : line.t[index];
      const value = index === null ? undefined : line.v[index];
      return t === undefined || value == null || Math.abs(t - at) > reach
        ? []
        : [{ series, color, t, value }];
    })
    .sort((a, b) => b.value - a.value);
}

/** The index nearest to `index` with a value in `column`; null when there is none. */
export function nearestDrawn(column: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let distance = 0; distance < column.length; distance += 1) {
    const left = index - distance;
    const right = index + distance;
    if (left >= 0 && column[left] != null) return left;
    if (right < column.length && column[right] != null) return right;
  }
  return null;
}

export type TooltipContent = {
  readonly at: number;
  readonly readings: readonly TooltipReading[];
  readonly gaps: readonly TimeSpan[];
  readonly late: (series: number) => readonly TimeSpan[];
  readonly suspect: (series: number) => readonly TimeSpan[];
  readonly window: TimeSpan;
};

/** The rows of the tooltip. Empty when there is neither a reading nor a gap at this time. */
export function tooltipLines({ at, readings, gaps, late, suspect, window }: TooltipContent): HTMLElement[] {
  const t = pageTexts("common.charts");
  const [first] = readings;
  if (!first) {
    const gap = bandAt(gaps, at);
    if (!gap) return [];
    return [
      line(
        "mb-1 text-2xs text-fg-3",
        t("fromTo", { from: momentText(gap.from, window), to: momentText(gap.to, window) }),
      ),
      line("text-xs text-fg-2", t("noReadingsFor", { duration: formatDuration(gap.to - gap.from) })),
    ];
  }
  // Readings of one second share one time. Otherwise each row has its own.
  const moments = readings.map(({ t }) => momentText(t, window));
  const isShared = moments.every((moment) => moment === moments[0]);
  const isMarked = (bands: (series: number) => readonly TimeSpan[]) =>
    readings.some(({ series, t }) => bandAt(bands(series.id), t) !== null);
  return [
    ...(isShared ? [line("mb-1 text-2xs text-fg-3 tabular-nums", moments[0]!)] : []),
    ...readings.map((reading, index) => readingRow(reading, isShared ? null : moments[index]!)),
    ...(isMarked(late) ? [line("mt-1 text-2xs text-info", t("late"))] : []),
    ...(isMarked(suspect) ? [line("mt-1 text-2xs text-warn", t("suspectTime"))] : []),
  ];
}

function readingRow({ series, color, value }: TooltipReading, moment: string | null): HTMLElement {
  const row = line("flex flex-wrap items-center gap-x-2 text-xs leading-5", "");
  const mark = document.createElement("span");
  mark.className = "keep-color h-[3px] w-3 shrink-0 rounded-full";
  mark.style.background = seriesColor(color);
  const name = span("mr-4 min-w-0 wrap-anywhere text-fg-2", series.display_name);
  const shown = bytesPer(series.unit) ? formatBrief(value, series) : formatValue(value, series);
  const text = span("ml-auto font-semibold whitespace-nowrap tabular-nums", valueText(shown));
  row.append(mark, name, text);
  if (moment) row.append(span("w-full pl-5 text-2xs leading-4 text-fg-3 tabular-nums", moment));
  return row;
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  return element;
}

function span(className: string, text: string): HTMLElement {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

const HALF_DAY_US = 43_200_000_000;

/** `us` to the second. With the day when the window is 12 hours or longer, or when it ends on another day. */
export function momentText(us: number, window: TimeSpan): string {
  const date = new Date(us / 1_000);
  const time = timeFormat("second").format(date);
  const isOtherDay = timeFormat("day").format(date) !== timeFormat("day").format(new Date(window.to / 1_000));
  return window.to - window.from >= HALF_DAY_US || isOtherDay
    ? `${timeFormat("day").format(date)}, ${time}`
    : time;
}
