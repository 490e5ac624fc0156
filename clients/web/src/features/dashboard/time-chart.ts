// One uPlot chart, fed outside React. Knows canvas, cursor and tooltip; where the data come from it is told.
import uPlot from "uplot";
import { nearest } from "@/lib/ordered-search";
import type { Group } from "./groups";
import { axisLabels, axisWidth } from "./axis-labels";
import { drawBands, hatching } from "./band-drawing";
import { bytesPer, formatDuration, formatValue, spoken } from "./format";
import { NO_MARKS, type Marks } from "./chart-key";
import { traceLine } from "./line-path";
import { resolveColor, seriesColor } from "./palette";
import { joinLines, visibleLine, type Line, type Window } from "./plot-data";
import type { GapTest, Samples, Stretch } from "./ports";
import { bandAt, gapsOf, unionOf, type Band } from "./shading";
import { valueRange } from "./value-range";

export type ChartSource = {
  samples: (id: number) => Samples;
  gapTest: (id: number) => GapTest;
  late: (id: number) => readonly Stretch[];
  readonly connection: { readonly state: { readonly kind: string } };
};

type ChartSettings = {
  host: HTMLElement;
  tooltip: HTMLElement;
  group: Group;
  /** Told when the chart begins or ceases to show gaps or late readings. */
  onMarks: (marks: Marks) => void;
};
type Series = Group["series"][number];

const AXIS_FONT = "11px";
const AXIS_GAP = 6;
const RIGHT_PADDING = 8;
// About the width of a digit at this size.
const LABEL_CHARACTER = 6;
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
  private lateBySeries: readonly (readonly Stretch[])[] = [];
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
    this.lines = this.settings.group.series.map(({ id }) =>
      visibleLine(source.samples(id), source.gapTest(id), window, this.width),
    );
    this.mark(source, window);
    const { t, lines } = joinLines(this.lines);
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
    this.lateBySeries = shown.map(({ id }) => source.late(id));
    this.gaps = unionOf(
      visible.flatMap(({ id, line }) => gapsOf(line, source.gapTest(id), window, isConnected)),
      window,
    );
    this.late = unionOf(
      visible.flatMap(({ id }) => source.late(id)),
      window,
    );
    const marks = { hasGaps: this.gaps.length > 0, hasLate: this.late.length > 0 };
    if (marks.hasGaps === this.marks.hasGaps && marks.hasLate === this.marks.hasLate) return;
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
            values: (_, ticks) => (isSwitch ? ["Off", "On"] : axisLabels(ticks, unit)),
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
          drawClear: [(plot) => drawBands(plot, this.gaps, hatch, this.late, color("var(--info)"))],
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
      width: 1.5,
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
    const at = this.plot.posToVal(left, "x") * 1_000_000;
    const reach = ((this.shownWindow.to - this.shownWindow.from) / Math.max(1, this.width)) * REACH_PIXELS;
    const rows = group.series.flatMap((one, place) => {
      const line = this.lines[place];
      if (!line || this.hidden.has(one.id)) return [];
      const index = nearestDrawn(line.v, nearest(line.t, at));
      const value = index === null ? null : line.v[index];
      if (index === null || value == null || Math.abs(line.t[index]! - at) > reach) return [];
      const isLate = bandAt(this.lateBySeries[place] ?? [], line.t[index]!) !== null;
      return [{ one, place, value, isLate }];
    });
    const gap = rows.length === 0 ? bandAt(this.gaps, at) : null;
    tooltip.hidden = rows.length === 0 && gap === null;
    if (tooltip.hidden) return;
    rows.sort((a, b) => b.value - a.value);
    const late = rows.some(({ isLate }) => isLate)
      ? [element("div", "mt-1 text-2xs text-info", "Arrived late")]
      : [];
    tooltip.replaceChildren(
      element("div", "mb-1 text-2xs text-fg-3 tabular-nums", momentText(at, this.shownWindow)),
      ...(gap
        ? [element("div", "text-xs text-fg-2", `No readings for ${formatDuration(gap.to - gap.from)}`)]
        : []),
      ...rows.map(({ one, place, value }) => tooltipRow(one, group.firstColor + place, value)),
      ...late,
    );
    const box = this.plot.over;
    const x = box.offsetLeft + left;
    const onLeft = x + 16 + tooltip.offsetWidth > host.clientWidth;
    tooltip.style.left = `${Math.max(0, onLeft ? x - 12 - tooltip.offsetWidth : x + 12)}px`;
  }
}

function tooltipRow(one: Series, color: number, value: number): HTMLElement {
  const row = element("div", "flex items-center gap-2 text-xs leading-5");
  const mark = element("span", "h-[3px] w-3 shrink-0 rounded-full");
  mark.style.background = seriesColor(color);
  row.append(
    mark,
    element("span", "mr-4 truncate text-fg-2", one.display_name),
    element("span", "ml-auto font-semibold whitespace-nowrap tabular-nums", spoken(formatValue(value, one))),
  );
  return row;
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
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

function timeLabels(plot: uPlot, ticks: number[], _axis: number, _space: number, spacing: number): string[] {
  const { min, max } = plot.scales.x!;
  const pixels = plot.bbox.width / devicePixelRatio;
  return ticks.map((tick) => {
    const date = new Date(tick * 1_000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    const isDay = spacing >= DAY_SECONDS || (spacing >= 3_600 && isMidnight);
    const format = isDay ? dayText : spacing < 60 ? secondsText : clockText;
    const text = format.format(date);
    // Half a label stands right of its tick: one without room there is left out rather than cut.
    const room = (((max ?? tick) - tick) / ((max ?? 1) - (min ?? 0))) * pixels + RIGHT_PADDING;
    return room < (text.length * LABEL_CHARACTER) / 2 ? "" : text;
  });
}

function momentText(us: number, window: Window): string {
  const date = new Date(us / 1_000);
  const time = secondsText.format(date);
  return window.to - window.from >= (DAY_SECONDS / 2) * 1_000_000 ? `${dayText.format(date)}, ${time}` : time;
}
