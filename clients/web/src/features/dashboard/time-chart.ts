// One uPlot chart, fed outside React. Knows canvas, cursor and tooltip; where the data come from it is told.
import uPlot from "uplot";
import type { Group } from "./groups";
import { axisLabels, axisWidth } from "./axis-labels";
import { drawBands, hatching } from "./band-drawing";
import { bytesPer } from "./format";
import { areSame, NO_MARKS, type Marks } from "./chart-key";
import { nearestDrawn, readingsAt, tooltipLines } from "./chart-tooltip";
import { traceLine } from "./line-path";
import { resolveColor, seriesColor } from "./palette";
import { joinLines, visibleLine, type Line, type Window } from "./plot-data";
import type { GapTest, Samples, Stretch } from "./ports";
import { gapsOf, unionOf, type Band } from "./shading";
import { RIGHT_PADDING, timeLabels } from "./time-labels";
import { drawnScale, valueRange } from "./value-range";

export type ChartSource = {
  samples: (id: number) => Samples;
  gapTest: (id: number) => GapTest;
  late: (id: number) => readonly Stretch[];
  suspect: (id: number) => readonly Stretch[];
  readonly connection: { readonly state: { readonly kind: string } };
};

type ChartSettings = {
  host: HTMLElement;
  tooltip: HTMLElement;
  group: Group;
  /** Told when the chart begins or ceases to show gaps, late readings or readings with a doubtful time. */
  onMarks: (marks: Marks) => void;
};
type Series = Group["series"][number];

const AXIS_FONT = "11px";
const AXIS_GAP = 6;
const LINE_WIDTH = 1.5;
const DOT_RADIUS = 1.75;
// A label of bytes is read in powers of two.
const BYTE_INCREMENTS = Array.from({ length: 80 }, (_, power) => 2 ** power);
const SYNC_KEY = "pulse";
// A crosshair between two readings names the nearer one, but not one that is far away.
const REACH_PIXELS = 24;

export class TimeChart {
  private plot: uPlot;
  private lines: Line[] = [];
  private gaps: Band[] = [];
  private late: Band[] = [];
  private suspect: Band[] = [];
  private source: ChartSource | null = null;
  /** By how much the numbers on the canvas are smaller than the readings. */
  private scale = 1;
  private marks = NO_MARKS;
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
    this.source = source;
    this.lines = this.settings.group.series.map(({ id }) =>
      visibleLine(source.samples(id), source.gapTest(id), window, this.width),
    );
    this.mark(source, window);
    this.scale = drawnScale(largestOf(this.lines));
    const { t, lines } = joinLines(this.lines, this.scale);
    this.plot.batch(() => {
      this.plot.setData([t, ...lines] as uPlot.AlignedData, false);
      this.plot.setScale("x", { min: window.from / 1_000_000, max: window.to / 1_000_000 });
    });
    if (this.isHovered) this.showTooltip();
  }

  private mark(source: ChartSource, window: Window): void {
    const shown = this.settings.group.series.map(({ id }, place) => ({ id, line: this.lines[place]! }));
    const isConnected = source.connection.state.kind === "live";
    const visible = shown.filter(({ id }) => !this.hidden.has(id));
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
    const { host, group } = this.settings;
    const { series, unit } = group;
    const color = (name: string) => resolveColor(host, name);
    const font = `${AXIS_FONT} ${getComputedStyle(host).fontFamily}`;
    const axis = {
      stroke: color("var(--axis)"),
      font,
      ticks: { show: false },
      grid: { stroke: color("var(--grid)"), width: 1 },
    };
    const isSwitch = series.every(({ type }) => type === "bool");
    const hatch = hatching(color("var(--gap)"));
    const [info, warn] = [color("var(--info)"), color("var(--warn-fill)")];
    return new uPlot(
      {
        width: Math.max(50, host.clientWidth),
        height: Math.max(50, host.clientHeight),
        padding: [8, RIGHT_PADDING, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: true },
          y: { range: isSwitch ? [-0.15, 1.15] : (_, min, max) => valueRange(min, max, unit) },
        },
        axes: [
          { ...axis, size: 28, gap: AXIS_GAP, space: 54, values: timeLabels },
          {
            ...axis,
            size: (plot, labels: string[] | null) =>
              axisWidth(widestText(plot.ctx, font, labels ?? []), AXIS_GAP),
            gap: AXIS_GAP,
            space: 34,
            incrs: bytesPer(unit) ? BYTE_INCREMENTS : undefined,
            splits: isSwitch ? () => [0, 1] : undefined,
            values: (_, ticks) =>
              isSwitch
                ? ["Off", "On"]
                : axisLabels(
                    ticks.map((tick) => tick * this.scale),
                    unit,
                  ),
          },
        ],
        series: [
          {},
          ...series.map((one, place) =>
            this.lineOf(one, color(seriesColor(group.firstColor + place)), series.length === 1),
          ),
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
          drawClear: [
            (plot) =>
              drawBands(plot, [
                { bands: this.gaps, style: hatch, edge: "all" },
                { bands: this.late, style: info, edge: "bottom" },
                { bands: this.suspect, style: warn, edge: "top" },
              ]),
          ],
        },
      },
      [[], ...series.map(() => [])],
      host,
    );
  }

  private lineOf(one: Series, stroke: string, isAlone: boolean): uPlot.Series {
    const isSwitch = one.type === "bool";
    const hasArea = isAlone && !isSwitch;
    return {
      label: one.display_name,
      stroke,
      width: LINE_WIDTH,
      points: { show: false },
      paths: (plot, place) => linePaths(plot, place, isSwitch, hasArea),
      fill: hasArea ? (plot) => fadingFill(plot, stroke) : undefined,
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
    const { tooltip, group, host } = this.settings;
    const { left } = this.plot.cursor;
    if (left == null || left < 0) {
      tooltip.hidden = true;
      return;
    }
    const { source, shownWindow: window } = this;
    const at = this.plot.posToVal(left, "x") * 1_000_000;
    const reach = ((window.to - window.from) / Math.max(1, this.width)) * REACH_PIXELS;
    const pointed = group.series.flatMap((series, place) => {
      const line = this.lines[place];
      return line && !this.hidden.has(series.id) ? [{ series, line, color: group.firstColor + place }] : [];
    });
    const lines = tooltipLines({
      at,
      readings: readingsAt(pointed, at, reach),
      gaps: this.gaps,
      late: (id) => source?.late(id) ?? [],
      suspect: (id) => source?.suspect(id) ?? [],
      window,
    });
    tooltip.hidden = lines.length === 0;
    if (tooltip.hidden) return;
    tooltip.replaceChildren(...lines);
    const box = this.plot.over;
    const x = box.offsetLeft + left;
    const onLeft = x + 16 + tooltip.offsetWidth > host.clientWidth;
    tooltip.style.left = `${Math.max(0, onLeft ? x - 12 - tooltip.offsetWidth : x + 12)}px`;
  }
}

function largestOf(lines: readonly Line[]): number {
  let largest = 0;
  for (const { v } of lines)
    for (const value of v) if (value !== null) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** The chart's own masks at gaps cut lines in half and know only the neighbouring times of all series: not used. */
function linePaths(plot: uPlot, place: number, isStepped: boolean, hasArea: boolean): uPlot.Series.Paths {
  const { left, top, width, height } = plot.bbox;
  const { x, y } = plot.scales;
  const times = plot.data[0];
  const [fromX, toX] = [x!.min ?? 0, x!.max ?? 1];
  const [fromY, toY] = [y!.min ?? 0, y!.max ?? 1];
  const stroke = new Path2D();
  const fill = hasArea ? new Path2D() : null;
  const shape = {
    x: (index: number) => left + ((times[index]! - fromX) / (toX - fromX)) * width,
    y: (value: number) => top + ((toY - value) / (toY - fromY)) * height,
    ground: top + height,
    isStepped,
    dotRadius: DOT_RADIUS * devicePixelRatio,
  };
  traceLine(plot.data[place]!, shape, stroke, fill);
  return { stroke, fill, clip: null, band: null, gaps: [], flags: 0 };
}

/** In CSS pixels. */
function widestText(context: CanvasRenderingContext2D, font: string, labels: readonly string[]): number {
  context.save();
  context.font = font;
  const widest = Math.max(0, ...labels.map((label) => context.measureText(label).width));
  context.restore();
  return widest;
}

function fadingFill(plot: uPlot, stroke: string): CanvasGradient {
  const { top, height } = plot.bbox;
  // A canvas of no height yet has nowhere to fade to.
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + Math.max(1, height));
  gradient.addColorStop(0, stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0.22)"));
  gradient.addColorStop(1, stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0)"));
  return gradient;
}
