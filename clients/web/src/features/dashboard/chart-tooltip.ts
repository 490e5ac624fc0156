// What a chart says at its crosshair: each reading with its own time, never that of the pointer. Draws with the DOM
// alone, because it changes with every move.
import { nearest } from "@/lib/ordered-search";
import type { Series } from "@/contracts/http";
import { bytesPer, formatBrief, formatDuration, formatValue, spoken } from "./format";
import { seriesColor } from "./palette";
import type { Line, Window } from "./plot-data";
import { bandAt, type Band } from "./shading";

export type Pointed = { readonly series: Series; readonly line: Line; readonly color: number };
export type PointedReading = {
  readonly series: Series;
  readonly color: number;
  readonly t: number;
  readonly value: number;
};

/** The reading of each line that is nearest to `at`, if it is within `reach`; the highest value first. */
export function readingsAt(lines: readonly Pointed[], at: number, reach: number): PointedReading[] {
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

/** Nearest index at which this column says something; null when nothing does. */
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
  readonly readings: readonly PointedReading[];
  readonly gaps: readonly Band[];
  readonly late: (series: number) => readonly Band[];
  readonly suspect: (series: number) => readonly Band[];
  readonly window: Window;
};

/** The lines of the tooltip; none when there is nothing to say at this place. */
export function tooltipLines({ at, readings, gaps, late, suspect, window }: TooltipContent): HTMLElement[] {
  const [first] = readings;
  if (!first) {
    const gap = bandAt(gaps, at);
    if (!gap) return [];
    return [
      line("mb-1 text-2xs text-fg-3", `${momentText(gap.from, window)} to ${momentText(gap.to, window)}`),
      line("text-xs text-fg-2", `No readings for ${formatDuration(gap.to - gap.from)}`),
    ];
  }
  // One time for all where all were taken in the same second; otherwise each says its own.
  const moments = readings.map(({ t }) => momentText(t, window));
  const isShared = moments.every((moment) => moment === moments[0]);
  const holds = (bands: (series: number) => readonly Band[]) =>
    readings.some(({ series, t }) => bandAt(bands(series.id), t) !== null);
  return [
    ...(isShared ? [line("mb-1 text-2xs text-fg-3 tabular-nums", moments[0]!)] : []),
    ...readings.map((reading, index) => readingRow(reading, isShared ? null : moments[index]!)),
    ...(holds(late) ? [line("mt-1 text-2xs text-info", "Arrived late")] : []),
    ...(holds(suspect)
      ? [line("mt-1 text-2xs text-warn", "The clock of the device was off: this time may be wrong")]
      : []),
  ];
}

function readingRow({ series, color, value }: PointedReading, moment: string | null): HTMLElement {
  const row = line("flex flex-wrap items-center gap-x-2 text-xs leading-5", "");
  const mark = document.createElement("span");
  mark.className = "keep-color h-[3px] w-3 shrink-0 rounded-full";
  mark.style.background = seriesColor(color);
  const name = span("mr-4 min-w-0 wrap-anywhere text-fg-2", series.display_name);
  const shown = bytesPer(series.unit) ? formatBrief(value, series) : formatValue(value, series);
  const text = span("ml-auto font-semibold whitespace-nowrap tabular-nums", spoken(shown));
  row.append(mark, name, text);
  if (moment) row.append(span("w-full pl-5 text-2xs leading-4 text-fg-3 tabular-nums", moment));
  return row;
}

function line(className: string, text: string): HTMLElement {
  const made = document.createElement("div");
  made.className = className;
  made.textContent = text;
  return made;
}

function span(className: string, text: string): HTMLElement {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

const secondsText = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayText = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const HALF_DAY_US = 43_200_000_000;

/** To the second; with its day where the window holds more than one, or the reading is from another. */
export function momentText(us: number, window: Window): string {
  const date = new Date(us / 1_000);
  const time = secondsText.format(date);
  const isElsewhen = dayText.format(date) !== dayText.format(new Date(window.to / 1_000));
  return window.to - window.from >= HALF_DAY_US || isElsewhen ? `${dayText.format(date)}, ${time}` : time;
}
