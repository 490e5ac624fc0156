// A chart of a fixed range: it does not move with the clock. Drawn by uPlot, outside React. Lines of an earlier range are
// dashed. A drag selects a shorter range.
import uPlot from "uplot";
import { AXIS_GAP, valueAxis, valueScale, type ValueAxisSettings } from "../axes/value-axis";
import { RIGHT_PADDING } from "../axes/time-axis";
import { drawnScale } from "../axes/value-range";
import { joinLines, type Line } from "../data/plot-data";
import { drawBands, hatching } from "../drawing/band-drawing";
import { drawLabel, drawLimits, type LimitColors } from "../drawing/limit-drawing";
import { lineSettings } from "../drawing/line-drawing";
import { resolveColor, seriesColor } from "../palette";
import { nearestDrawn } from "../tooltip/tooltip-lines";
import type { Limit, TimeSpan } from "../types";
import type { RangeLine } from "./range-line";
import { tickLabels, zonedTicks } from "./zoned-ticks";

export type RangeChartSettings = {
  /** The element that the chart fills. */
  readonly host: HTMLElement;
  /** The pointer is at this time; null: it has left the chart. `left`: in CSS pixels from the left edge of the host. */
  readonly onPoint: (at: number | null, left: number) => void;
  readonly onZoom: (span: TimeSpan) => void;
  /** The user asks for the range before the last zoom. */
  readonly onBack: () => void;
};

export type RangeChartContent = {
  /** They share the unit. */
  readonly lines: readonly RangeLine[];
  readonly unit: string;
  readonly window: TimeSpan;
  readonly zone: string;
  readonly locale: string;
  /** Where readings are missing. */
  readonly gaps: readonly TimeSpan[];
  /** The text on a gap that is wide enough for it. */
  readonly gapText: (gap: TimeSpan) => string;
  readonly limits: readonly Limit[];
  /** Times with a note. */
  readonly notes: readonly number[];
  /** False when a chart below has the labels of the times. */
  readonly hasTimes: boolean;
};

const AXIS_FONT = "11px";
/** Charts with one key move their crosshairs together. */
const SYNC_KEY = "pulse-range";
const LEAST_SIZE = 50;
const AXIS_HEIGHT = 28;
const NO_AXIS_HEIGHT = 8;
// A label of a time axis with a zone name needs this.
const LEAST_SPACING = 76;
// A shorter drag is a click.
const LEAST_DRAG = 6;
const COMPARISON_DASH = [4, 3];
const NOTE_RADIUS = 4;
const CHARACTER_WIDTH = 6;
const LEAST_LABELLED_GAP = 20;

export class RangeChart {
  private plot: uPlot | null = null;
  private built = "";
  private content: RangeChartContent | null = null;
  /** The drawn numbers are the readings divided by this. */
  private scale = 1;
  private isHovered = false;

  constructor(private readonly settings: RangeChartSettings) {}

  show(content: RangeChartContent): void {
    this.content = content;
    const key = JSON.stringify([
      content.unit,
      content.hasTimes,
      content.lines.map(({ series, color, earlier }) => [series.id, series.type, color, earlier !== null]),
    ]);
    if (!this.plot || key !== this.built) {
      this.plot?.destroy();
      this.plot = this.build(content);
      this.built = key;
    }
    const columns = columnsOf(content.lines);
    this.scale = drawnScale(largestOf(columns));
    const { t, lines } = joinLines(columns, this.scale);
    const plot = this.plot;
    plot.batch(() => {
      plot.setData([t, ...lines] as uPlot.AlignedData, false);
      plot.setScale("x", { min: content.window.from / 1_000_000, max: content.window.to / 1_000_000 });
    });
  }

  resize(): void {
    const { clientWidth, clientHeight } = this.settings.host;
    if (clientWidth && clientHeight) this.plot?.setSize({ width: clientWidth, height: clientHeight });
  }

  /** Reads the colours of the theme again. */
  restyle(): void {
    this.built = "";
    if (this.content) this.show(this.content);
  }

  destroy(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  private build({ lines, unit, hasTimes }: RangeChartContent): uPlot {
    const { host } = this.settings;
    const color = (name: string) => resolveColor(host, name);
    const { fontFamily } = getComputedStyle(host);
    const font = `${AXIS_FONT} ${fontFamily}`;
    const style: uPlot.Axis = {
      stroke: color("var(--axis)"),
      font,
      gap: AXIS_GAP,
      ticks: { show: false },
      grid: { stroke: color("var(--grid)"), width: 1 },
    };
    const values: ValueAxisSettings = {
      unit,
      isSwitch: lines.every(({ series }) => series.type === "bool"),
      scale: () => this.scale,
      limits: () => this.content?.limits.map(({ value }) => value) ?? [],
    };
    const settings: uPlot.Options = {
      width: Math.max(LEAST_SIZE, host.clientWidth),
      height: Math.max(LEAST_SIZE, host.clientHeight),
      padding: [8, RIGHT_PADDING, 0, 0],
      legend: { show: false },
      scales: { x: { time: true }, y: valueScale(values) },
      axes: [this.timeAxis(style, hasTimes), valueAxis(style, font, values)],
      series: [{}, ...lines.flatMap((line) => this.looks(line, lines.length === 1, color))],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
        sync: { key: SYNC_KEY, scales: ["x", null] },
        points: { size: 7, width: 0 },
        dataIdx: (plot, place, index) => nearestDrawn(plot.data[place]!, index),
        bind: { dblclick: () => () => (this.settings.onBack(), null) },
      },
      hooks: {
        ready: [(plot) => this.watch(plot)],
        setCursor: [(plot) => this.point(plot)],
        setSelect: [(plot) => this.zoom(plot)],
        drawClear: [this.bands(color)],
        draw: [this.labels(color, fontFamily)],
      },
    };
    const columns = columnsOf(lines).map(() => []);
    return new uPlot(settings, [[], ...columns], host);
  }

  private looks(line: RangeLine, isAlone: boolean, color: (name: string) => string): uPlot.Series[] {
    const stroke = color(seriesColor(line.color));
    const own = lineSettings(line.series, { stroke, hasArea: isAlone && !line.earlier });
    if (!line.earlier) return [own];
    const half = stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0.55)");
    return [own, { ...lineSettings(line.series, { stroke: half }), dash: COMPARISON_DASH }];
  }

  private timeAxis(style: uPlot.Axis, hasTimes: boolean): uPlot.Axis {
    const ticks = () => {
      const { window, zone } = this.content!;
      const width = this.settings.host.clientWidth;
      return zonedTicks(window, Math.floor(width / LEAST_SPACING), zone);
    };
    return {
      ...style,
      size: hasTimes ? AXIS_HEIGHT : NO_AXIS_HEIGHT,
      splits: () => (this.content ? ticks().at.map((us) => us / 1_000_000) : []),
      values: (plot) => {
        if (!this.content) return [];
        const { window, zone, locale } = this.content;
        const found = ticks();
        if (!hasTimes) return found.at.map(() => "");
        const pixels = plot.bbox.width / devicePixelRatio;
        return tickLabels(found, zone, locale).map((text, place) => {
          // Half of a label lies right of its tick. A label that does not fit there is left out, not cut.
          const room = ((window.to - found.at[place]!) / (window.to - window.from)) * pixels + RIGHT_PADDING;
          return room < (text.length * CHARACTER_WIDTH) / 2 ? "" : text;
        });
      },
    };
  }

  private watch(plot: uPlot): void {
    plot.over.addEventListener("mouseenter", () => {
      this.isHovered = true;
    });
    plot.over.addEventListener("mouseleave", () => {
      this.isHovered = false;
      this.settings.onPoint(null, 0);
    });
  }

  /** The crosshairs of the other charts move too, but only the chart under the pointer reports it. */
  private point(plot: uPlot): void {
    if (!this.isHovered) return;
    const { left } = plot.cursor;
    if (left == null || left < 0) return this.settings.onPoint(null, 0);
    this.settings.onPoint(plot.posToVal(left, "x") * 1_000_000, plot.over.offsetLeft + left);
  }

  private zoom(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < LEAST_DRAG) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (!this.isHovered) return;
    const at = (pixel: number) => plot.posToVal(pixel, "x") * 1_000_000;
    this.settings.onZoom({ from: at(left), to: at(left + width) });
  }

  /** Draws the gaps, below the grid and the lines. */
  private bands(color: (name: string) => string): (plot: uPlot) => void {
    const hatch = hatching(color("var(--gap)"));
    return (plot) => drawBands(plot, [{ bands: this.content?.gaps ?? [], style: hatch, edge: "all" }]);
  }

  /** Draws limits, notes and the texts of the gaps, above the lines. */
  private labels(color: (name: string) => string, fontFamily: string): (plot: uPlot) => void {
    const colors: LimitColors = {
      surface: color("var(--surface)"),
      warning: color("var(--warn)"),
      critical: color("var(--crit)"),
    };
    const ink = { gap: color("var(--fg-2)"), note: color("var(--accent)") };
    return (plot) => {
      if (!this.content) return;
      const { gaps, gapText, limits, notes, unit } = this.content;
      drawLimits(plot, { limits, unit, scale: this.scale, fontFamily, colors });
      const { ctx, bbox } = plot;
      const ratio = devicePixelRatio;
      ctx.save();
      ctx.font = `${11 * ratio}px ${fontFamily}`;
      ctx.textBaseline = "middle";
      ctx.textAlign = "left";
      let taken = bbox.left;
      for (const gap of gaps) {
        const [left, right] = [gap.from, gap.to].map((us) => plot.valToPos(us / 1_000_000, "x", true));
        const text = gapText(gap);
        const width = ctx.measureText(text).width + 16 * ratio;
        const start = (left! + right! - width) / 2;
        // A text may be wider than its gap, but it stays in the chart and covers no other text.
        const hasRoom = start >= taken && start + width <= bbox.left + bbox.width;
        if (!hasRoom || right! - left! < LEAST_LABELLED_GAP * ratio) continue;
        taken = start + width;
        const y = bbox.top + 12 * ratio;
        drawLabel(ctx, { text, left: start, y }, { ink: ink.gap, paper: colors.surface });
      }
      for (const note of notes) drawNote(plot, note, ink.note);
      ctx.restore();
    };
  }
}

function drawNote(plot: uPlot, us: number, color: string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const x = plot.valToPos(us / 1_000_000, "x", true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.arc(x, bbox.top + bbox.height, NOTE_RADIUS * ratio, 0, 2 * Math.PI);
  ctx.fill();
}

/** Each line, followed by its earlier line where it has one. */
function columnsOf(lines: readonly RangeLine[]): Line[] {
  return lines.flatMap(({ line, earlier }) => (earlier ? [line, earlier] : [line]));
}

function largestOf(lines: readonly Line[]): number {
  let largest = 0;
  for (const { v } of lines)
    for (const value of v) if (value !== null) largest = Math.max(largest, Math.abs(value));
  return largest;
}
