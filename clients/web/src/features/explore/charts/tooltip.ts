// The tooltip of all charts together: one row for each series near the crosshair, with the earlier value beside it. Built
// without React, because it changes with every move of the pointer.
import { seriesColor } from "@/charts/palette";
import { moments as momentsOf } from "@/charts/range/zoned-ticks";
import type { RangeReading } from "@/charts/range/range-line";
import { formatBrief, formatValue, bytesPer, valueText } from "@/lib/texts/format";
import type { Series } from "@/contracts/http";

export type TooltipTexts = {
  readonly now: string;
  /** The head of the column of earlier values. */
  readonly before: string;
  /** How many more series there are. */
  readonly more: (count: number) => string;
};

export type TooltipContent = {
  readonly at: number;
  readonly readings: readonly RangeReading[];
  readonly zone: string;
  readonly locale: string;
  readonly hasEarlier: boolean;
  readonly texts: TooltipTexts;
};

const MOST_ROWS = 16;

/** The rows of the tooltip. The time is that of the readings where they share one second, else that of the pointer. */
export function tooltipRows({
  at,
  readings,
  zone,
  locale,
  hasEarlier,
  texts,
}: TooltipContent): HTMLElement[] {
  const moment = momentsOf(locale, zone);
  const moments = new Set(readings.flatMap(({ t }) => (t === null ? [] : [moment.format(t / 1_000)])));
  const [shared] = moments;
  const time = moments.size === 1 && shared !== undefined ? shared : moment.format(at / 1_000);
  const head = element("div", "mb-1 flex gap-3 text-2xs text-fg-2 tabular-nums", "");
  head.append(element("span", "flex-1", time));
  if (hasEarlier) {
    head.append(
      element("span", "w-16 text-right", texts.now),
      element("span", "w-16 text-right", texts.before),
    );
  }
  const rows = readings.slice(0, MOST_ROWS).map((reading) => rowOf(reading, hasEarlier));
  const more = readings.length - MOST_ROWS;
  return [head, ...rows, ...(more > 0 ? [element("div", "text-2xs text-fg-2", texts.more(more))] : [])];
}

function rowOf({ series, color, value, earlier }: RangeReading, hasEarlier: boolean): HTMLElement {
  const row = element("div", "flex items-center gap-2 text-xs leading-5", "");
  const mark = element("span", "keep-color h-[3px] w-3 shrink-0 rounded-full", "");
  mark.style.background = seriesColor(color);
  row.append(
    mark,
    element("span", "mr-3 min-w-0 flex-1 wrap-anywhere text-fg-2", series.display_name),
    element(
      "span",
      "min-w-16 text-right font-semibold whitespace-nowrap tabular-nums",
      textOf(value, series),
    ),
  );
  if (hasEarlier) {
    row.append(
      element(
        "span",
        "min-w-16 text-right whitespace-nowrap text-fg-2 tabular-nums",
        textOf(earlier, series),
      ),
    );
  }
  return row;
}

function textOf(value: number | null, series: Series): string {
  return valueText(bytesPer(series.unit) ? formatBrief(value, series) : formatValue(value, series));
}

function element(tag: "div" | "span", className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
