// One uPlot chart, drawn outside React. It owns the canvas. Its caller passes the data with each draw.
import { pageTimeZone } from "@/lib/texts/page-locale";
import uPlot from "uplot";
import { RIGHT_PADDING, timeAxis } from "./axes/time-axis";
import { AXIS_GAP, valueAxis, valueScale, type ValueAxisSettings } from "./axes/value-axis";
import { drawnScale } from "./axes/value-range";
import { joinLines, visibleLine, type Line } from "./data/plot-data";
import { drawBands, hatching } from "./drawing/band-drawing";
import { drawLimits, type LimitColors } from "./drawing/limit-drawing";
import { lineSettings } from "./drawing/line-drawing";
import { areSame, NO_MARKS, type Marks } from "./marks/chart-key";
import { gapsOf, unionOf } from "./marks/shading";
import { resolveColor, seriesColor } from "./palette";
import { ChartTooltip } from "./tooltip/chart-tooltip";
import { nearestDrawn } from "./tooltip/tooltip-lines";
import type { ChartSource, Limit, SeriesGroup, TimeSpan } from "./types";

export type TimeChartSettings = {
  /** The element that the chart fills. */
  host: HTMLElement;
  tooltip: HTMLElement;
  group: SeriesGroup;
  /** Called when the chart starts or stops to show gaps, late readings or readings with a suspect time. */
  onMarks: (marks: Marks) => void;
};

const AXIS_FONT = "11px";
/** Charts with one key move their crosshairs together. */
const SYNC_KEY = "pulse";
const LEAST_SIZE = 50;
/** A chart with more lines than this draws thin ones. */
const MOST_WIDE_LINES = 4;

export class TimeChart {
  private plot: uPlot;
  private readonly tooltip: ChartTooltip;
  private lines: Line[] = [];
  private gaps: TimeSpan[] = [];
  private late: TimeSpan[] = [];
  private suspect: TimeSpan[] = [];
  private source: ChartSource | null = null;
  /** The drawn numbers are the readings divided by this. */
  private scale = 1;
  private marks = NO_MARKS;
  private window: TimeSpan = { from: 0, to: 1 };
  private readonly hidden = new Set<number>();
  private limits: readonly Limit[] = [];

  constructor(private readonly settings: TimeChartSettings) {
    this.tooltip = new ChartTooltip(settings.tooltip, () => this.shown());
    this.plot = this.build();
  }

  get width(): number {
    return this.settings.host.clientWidth;
  }

  draw(source: ChartSource, window: TimeSpan): void {
    this.window = window;
    this.source = source;
    this.lines = this.settings.group.series.map(({ id }) =>
      visibleLine(source.samples(id), source.gapTest(id), window, this.width),
    );
    this.mark(source, window);
    this.scale = drawnScale(largestOf(this.lines));
    const { t, lines: joined } = joinLines(this.lines, this.scale);
    const lines = this.settings.group.axis?.mode === "log" ? joined.map(aboveZero) : joined;
    this.plot.batch(() => {
      this.plot.setData([t, ...lines] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: window.from / 1_000_000, max: window.to / 1_000_000 });
    });
    this.tooltip.update(this.plot);
  }

  resize(): void {
    const { clientWidth, clientHeight } = this.settings.host;
    if (clientWidth && clientHeight) this.plot.setSize({ width: clientWidth, height: clientHeight });
  }

  setHidden(ids: ReadonlySet<number>): void {
    this.hidden.clear();
    for (const id of ids) this.hidden.add(id);
    this.plot.batch(() => {
      this.settings.group.series.forEach(({ id }, place) =>
        this.plot.setSeries(place + 1, { show: !ids.has(id) }),
      );
    });
  }

  /** Shows `limits` as dashed lines. */
  setLimits(limits: readonly Limit[]): void {
    if (limits.length === 0 && this.limits.length === 0) return;
    this.limits = limits;
    const { min, max } = this.plot.scales.x!;
    if (min != null && max != null) this.plot.setScale("x", { min, max });
  }

  /** Reads the colours of the theme again. A canvas does not follow CSS variables. */
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
    this.tooltip.hide();
    this.plot.destroy();
  }

  private mark(source: ChartSource, window: TimeSpan): void {
    if (this.settings.group.isShaded === false) return;
    const isConnected = source.connection.state.kind === "live";
    const visible = this.settings.group.series
      .map(({ id }, place) => ({ id, line: this.lines[place]! }))
      .filter(({ id }) => !this.hidden.has(id));
    this.gaps = unionOf(
      visible.flatMap(({ id, line }) => gapsOf(line, source.gapTest(id), window, isConnected)),
      window,
    );
    this.late = unionOf(
      visible.flatMap(({ id }) => source.late(id)),
      window,
    );
    this.suspect = unionOf(
      visible.flatMap(({ id }) => source.suspect(id)),
      window,
    );
    const marks = {
      hasGaps: this.gaps.length > 0,
      hasLate: this.late.length > 0,
      hasSuspect: this.suspect.length > 0,
    };
    if (areSame(marks, this.marks)) return;
    this.marks = marks;
    this.settings.onMarks(marks);
  }

  private shown() {
    const { gaps, source, window, width } = this;
    const { series: all, firstColor } = this.settings.group;
    const lines = all.flatMap((series, place) => {
      const line = this.lines[place];
      return line && !this.hidden.has(series.id) ? [{ series, line, color: firstColor + place }] : [];
    });
    return {
      lines,
      window,
      width,
      gaps,
      late: (id: number) => source?.late(id) ?? [],
      suspect: (id: number) => source?.suspect(id) ?? [],
    };
  }

  private build(): uPlot {
    const { host, group } = this.settings;
    const { series, unit, firstColor } = group;
    const color = (name: string) => resolveColor(host, name);
    const font = `${AXIS_FONT} ${getComputedStyle(host).fontFamily}`;
    const style: uPlot.Axis = {
      stroke: color("var(--axis)"),
      font,
      gap: AXIS_GAP,
      ticks: { show: false },
      grid: { stroke: color("var(--grid)"), width: 1 },
    };
    const values: ValueAxisSettings = {
      unit,
      isSwitch: series.every(({ type }) => type === "bool"),
      scale: () => this.scale,
      limits: () => this.limits.map(({ value }) => value),
      axis: group.axis,
    };
    const hasArea = series.length === 1;
    const isThin = series.length > MOST_WIDE_LINES;
    const lines = series.map((one, place) =>
      lineSettings(one, { stroke: color(seriesColor(firstColor + place)), hasArea, isThin }),
    );
    const zone = pageTimeZone();
    const settings: uPlot.Options = {
      // Ticks at whole hours and days of the page's time zone.
      ...(zone && { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1_000), zone) }),
      width: Math.max(LEAST_SIZE, host.clientWidth),
      height: Math.max(LEAST_SIZE, host.clientHeight),
      padding: [8, RIGHT_PADDING, 0, 0],
      legend: { show: false },
      scales: { x: { time: true }, y: valueScale(values) },
      axes: [timeAxis(style), valueAxis(style, font, values)],
      series: [{}, ...lines],
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        sync: { key: SYNC_KEY, scales: ["x", null] },
        points: { size: 7, width: 0 },
        dataIdx: (plot, place, index) => nearestDrawn(plot.data[place]!, index),
      },
      hooks: {
        setCursor: [(plot) => this.tooltip.update(plot)],
        ready: [(plot) => this.tooltip.watch(plot)],
        drawClear: [this.markings(color)],
        draw: [this.limitLines(color, unit)],
      },
    };
    return new uPlot(settings, [[], ...series.map(() => [])], host);
  }

  /** Draws the marked times, below the grid and the lines. */
  private markings(color: (name: string) => string): (plot: uPlot) => void {
    const hatch = hatching(color("var(--gap)"));
    const [info, warn] = [color("var(--info)"), color("var(--warn-fill)")];
    return (plot) =>
      drawBands(plot, [
        { bands: this.gaps, style: hatch, edge: "all" },
        { bands: this.late, style: info, edge: "bottom" },
        { bands: this.suspect, style: warn, edge: "top" },
      ]);
  }

  /** Draws the limits, above the lines. */
  private limitLines(color: (name: string) => string, unit: string): (plot: uPlot) => void {
    const { fontFamily } = getComputedStyle(this.settings.host);
    const colors: LimitColors = {
      surface: color("var(--surface)"),
      warning: color("var(--warn)"),
      critical: color("var(--crit)"),
    };
    return (plot) => drawLimits(plot, { limits: this.limits, unit, scale: this.scale, fontFamily, colors });
  }
}

/** `values` without those that a logarithmic axis cannot show. */
function aboveZero(values: ArrayLike<number | null | undefined>): (number | null | undefined)[] {
  return Array.from(values, (value) => (value != null && value <= 0 ? null : value));
}

function largestOf(lines: readonly Line[]): number {
  let largest = 0;
  for (const { v } of lines)
    for (const value of v) if (value !== null) largest = Math.max(largest, Math.abs(value));
  return largest;
}
