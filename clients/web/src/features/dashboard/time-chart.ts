// One uPlot chart, fed outside React. Knows canvas, cursor and tooltip; where the data come from it is told.
import uPlot from "uplot";
import type { Series } from "@/contracts/http";
import { nearest } from "@/lib/ordered-search";
import { formatAxis, formatValue, isBytes } from "./format";
import { resolveColor, seriesColor } from "./palette";
import { joinLines, visibleLine, type Line, type Window } from "./plot-data";
import type { GapTest, Samples } from "./ports";

export type ChartSource = { samples: (id: number) => Samples; gapTest: (id: number) => GapTest };

type ChartSettings = { host: HTMLElement; tooltip: HTMLElement; series: readonly Series[]; unit: string };

const AXIS_FONT = "11px";
const BYTE_INCREMENTS = Array.from({ length: 52 }, (_, power) => 2 ** power);
const SYNC_KEY = "pulse";
// A crosshair between two readings names the nearer one, but not one that is far away.
const REACH_PIXELS = 24;

export class TimeChart {
  private plot: uPlot;
  private lines: Line[] = [];
  private shownWindow: Window = { from: 0, to: 1 };
  private isHovered = false;
  private readonly hidden = new Set<number>();

  constructor(private readonly settings: ChartSettings) {
    this.plot = this.build();
  }

  get width(): number {
    return this.settings.host.clientWidth;
  }

  draw(source: ChartSource, window: Window): void {
    this.shownWindow = window;
    this.lines = this.settings.series.map(({ id }) =>
      visibleLine(source.samples(id), source.gapTest(id), window, this.width),
    );
    const { t, lines } = joinLines(this.lines);
    this.plot.batch(() => {
      this.plot.setData([t, ...lines] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: window.from / 1_000_000, max: window.to / 1_000_000 });
    });
    if (this.isHovered) this.showTooltip();
  }

  resize(): void {
    const { clientWidth, clientHeight } = this.settings.host;
    if (clientWidth && clientHeight) this.plot.setSize({ width: clientWidth, height: clientHeight });
  }

  setHidden(ids: ReadonlySet<number>): void {
    this.hidden.clear();
    for (const id of ids) this.hidden.add(id);
    this.plot.batch(() => {
      this.settings.series.forEach(({ id }, place) => this.plot.setSeries(place + 1, { show: !ids.has(id) }));
    });
  }

  /** After a change of theme: canvas colours are not live. */
  restyle(): void {
    const { data } = this.plot;
    const { min, max } = this.plot.scales.x!;
    this.plot.destroy();
    this.plot = this.build();
    this.plot.setData(data, false);
    if (min != null && max != null) this.plot.setScale("x", { min, max });
    this.setHidden(new Set(this.hidden));
  }

  destroy(): void {
    this.settings.tooltip.hidden = true;
    this.plot.destroy();
  }

  private build(): uPlot {
    const { host, series, unit } = this.settings;
    const color = (name: string) => resolveColor(host, name);
    const font = `${AXIS_FONT} ${getComputedStyle(host).fontFamily}`;
    const axis = {
      stroke: color("var(--axis)"),
      font,
      ticks: { show: false },
      grid: { stroke: color("var(--grid)"), width: 1 },
    };
    const isSwitch = series.every(({ type }) => type === "bool");
    return new uPlot(
      {
        width: Math.max(50, host.clientWidth),
        height: Math.max(50, host.clientHeight),
        padding: [8, 8, 0, 0],
        legend: { show: false },
        scales: { x: { time: true }, y: { range: isSwitch ? [-0.15, 1.15] : verticalRange } },
        axes: [
          { ...axis, size: 28, gap: 6, space: 58, values: timeLabels },
          {
            ...axis,
            size: 50,
            gap: 6,
            space: 34,
            incrs: isBytes(unit) ? BYTE_INCREMENTS : undefined,
            splits: isSwitch ? () => [0, 1] : undefined,
            values: (_, ticks) =>
              isSwitch
                ? ["Off", "On"]
                : ticks.map((tick) =>
                    formatAxis(tick, Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)) || 1, unit),
                  ),
          },
        ],
        series: [
          {},
          ...series.map((one, place) => this.lineOf(one, color(seriesColor(place)), series.length === 1)),
        ],
        cursor: {
          y: false,
          drag: { x: false, y: false, setScale: false },
          sync: { key: SYNC_KEY, scales: ["x", null] },
          points: { size: 7, width: 0 },
          dataIdx: (plot, place, index) => nearestDrawn(plot.data[place]!, index),
        },
        hooks: {
          setCursor: [() => this.isHovered && this.showTooltip()],
          ready: [(plot) => this.watchPointer(plot)],
        },
      },
      [[], ...series.map(() => [])],
      host,
    );
  }

  private lineOf(one: Series, stroke: string, isAlone: boolean): uPlot.Series {
    return {
      label: one.display_name,
      stroke,
      width: 1.5,
      points: { show: false },
      paths: one.type === "bool" ? uPlot.paths.stepped!({ align: 1 }) : undefined,
      fill: isAlone && one.type !== "bool" ? (plot) => fadingFill(plot, stroke) : undefined,
    };
  }

  private watchPointer(plot: uPlot): void {
    plot.over.addEventListener("mouseenter", () => {
      this.isHovered = true;
    });
    plot.over.addEventListener("mouseleave", () => {
      this.isHovered = false;
      this.settings.tooltip.hidden = true;
    });
  }

  private showTooltip(): void {
    const { tooltip, series, host } = this.settings;
    const { left } = this.plot.cursor;
    if (left == null || left < 0) {
      tooltip.hidden = true;
      return;
    }
    const at = this.plot.posToVal(left, "x") * 1_000_000;
    const reach = ((this.shownWindow.to - this.shownWindow.from) / Math.max(1, this.width)) * REACH_PIXELS;
    const rows = series.flatMap((one, place) => {
      const line = this.lines[place];
      if (!line || this.hidden.has(one.id)) return [];
      const index = nearestDrawn(line.v, nearest(line.t, at));
      const value = index === null ? null : line.v[index];
      if (index === null || value == null || Math.abs(line.t[index]! - at) > reach) return [];
      return [{ one, place, value }];
    });
    tooltip.hidden = rows.length === 0;
    if (rows.length === 0) return;
    rows.sort((a, b) => b.value - a.value);
    tooltip.replaceChildren(
      element("div", "mb-1 text-2xs text-fg-3 tabular-nums", momentText(at, this.shownWindow)),
      ...rows.map(({ one, place, value }) => tooltipRow(one, place, value)),
    );
    const box = this.plot.over;
    const x = box.offsetLeft + left;
    const onLeft = x + 16 + tooltip.offsetWidth > host.clientWidth;
    tooltip.style.left = `${Math.max(0, onLeft ? x - 12 - tooltip.offsetWidth : x + 12)}px`;
  }
}

function tooltipRow(one: Series, place: number, value: number): HTMLElement {
  const row = element("div", "flex items-center gap-2 text-xs leading-5");
  const mark = element("span", "h-[3px] w-3 shrink-0 rounded-full");
  mark.style.background = seriesColor(place);
  const shown = formatValue(value, one);
  row.append(
    mark,
    element("span", "mr-4 truncate text-fg-2", one.display_name),
    element(
      "span",
      "ml-auto font-semibold whitespace-nowrap tabular-nums",
      `${shown.text} ${shown.unit}`.trim(),
    ),
  );
  return row;
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Some air above and below; data that never go below zero keep zero as their ground when it is near. */
function verticalRange(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  if (min === max) return min === 0 ? [-1, 1] : [min - Math.abs(min) * 0.1, max + Math.abs(max) * 0.1];
  return uPlot.rangeNum(min, max, { min: { pad: 0.12, soft: 0, mode: 3 }, max: { pad: 0.12 } });
}

function fadingFill(plot: uPlot, stroke: string): CanvasGradient {
  const { top, height } = plot.bbox;
  // A canvas of no height yet has nowhere to fade to.
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + Math.max(1, height));
  gradient.addColorStop(0, stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0.22)"));
  gradient.addColorStop(1, stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0)"));
  return gradient;
}

/** Nearest index at which this column says something; null when nothing near does. */
function nearestDrawn(column: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let distance = 0; distance < column.length; distance += 1) {
    const left = index - distance;
    const right = index + distance;
    if (left >= 0 && column[left] != null) return left;
    if (right < column.length && column[right] != null) return right;
    if (left < 0 && right >= column.length) return null;
  }
  return null;
}

const clockText = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const secondsText = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayText = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_SECONDS = 86_400;

function timeLabels(_: uPlot, ticks: number[], _axis: number, _space: number, spacing: number): string[] {
  return ticks.map((tick) => {
    const date = new Date(tick * 1_000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (spacing >= DAY_SECONDS || (spacing >= 3_600 && isMidnight)) return dayText.format(date);
    return (spacing < 60 ? secondsText : clockText).format(date);
  });
}

function momentText(us: number, window: Window): string {
  const date = new Date(us / 1_000);
  const time = secondsText.format(date);
  return window.to - window.from >= (DAY_SECONDS / 2) * 1_000_000 ? `${dayText.format(date)}, ${time}` : time;
}
