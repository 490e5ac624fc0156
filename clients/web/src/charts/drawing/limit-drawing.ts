// Draws the limits of a chart: a dashed line with a label, and a tint on the side that is beyond the limit.
import type uPlot from "uplot";
import { limitText, placeLabels, type LimitLabel } from "../marks/limits";
import type { Limit } from "../types";

// In CSS pixels.
const FONT_SIZE = 11;
const LABEL_HEIGHT = 18;
const LABEL_PADDING = 8;
const LABEL_INSET = 8;
const LABEL_RADIUS = 5;
const TINT_HEIGHT = 14;
const DASH = [4, 3];

export type LimitColors = {
  readonly surface: string;
  readonly warning: string;
  readonly critical: string;
};

export type DrawnLimits = {
  readonly limits: readonly Limit[];
  readonly unit: string;
  /** The divisor of the drawn values. */
  readonly scale: number;
  readonly fontFamily: string;
  readonly colors: LimitColors;
};

/** Draws `limits` over the lines of `plot`. A limit outside the axis becomes an arrow at the edge. */
export function drawLimits(plot: uPlot, { limits, unit, scale, fontFamily, colors }: DrawnLimits): void {
  if (limits.length === 0) return;
  const ratio = devicePixelRatio;
  const { ctx, bbox } = plot;
  const yOf = (value: number) => plot.valToPos(value / scale, "y", true);
  const labels = placeLabels(limits, yOf, {
    top: bbox.top,
    bottom: bbox.top + bbox.height,
    height: LABEL_HEIGHT * ratio,
  });
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { limit, edge } of labels) {
    if (edge === null) drawLine(plot, yOf(limit.value), limit, colors[limit.severity]);
  }
  ctx.font = `${FONT_SIZE * ratio}px ${fontFamily}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  const texts = labels.map(({ limit, edge }) => textOf(limit, edge, unit));
  const step = Math.max(...texts.map((text) => ctx.measureText(text).width)) + 3 * LABEL_PADDING * ratio;
  labels.forEach(({ limit, y, place }, index) => {
    const left = bbox.left + LABEL_INSET * ratio + place * step;
    drawLabel(ctx, { text: texts[index]!, left, y }, { ink: colors[limit.severity], paper: colors.surface });
  });
  ctx.restore();
}

const ARROWS = { top: "↑ ", bottom: "↓ " } as const;

function textOf(limit: Limit, edge: LimitLabel["edge"], unit: string): string {
  return (edge === null ? "" : ARROWS[edge]) + limitText(limit, unit);
}

/** The dashed line, and the tint that fades away from it. */
function drawLine({ ctx, bbox }: uPlot, y: number, { direction }: Limit, color: string): void {
  const height = TINT_HEIGHT * devicePixelRatio * (direction === "above" ? -1 : 1);
  const tint = ctx.createLinearGradient(0, y, 0, y + height);
  tint.addColorStop(0, color.replace(/^rgb\((.+)\)$/, "rgba($1, 0.12)"));
  tint.addColorStop(1, color.replace(/^rgb\((.+)\)$/, "rgba($1, 0)"));
  ctx.fillStyle = tint;
  ctx.fillRect(bbox.left, Math.min(y, y + height), bbox.width, Math.abs(height));
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(DASH.map((part) => part * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

export type Placed = { readonly text: string; readonly left: number; readonly y: number };

/** A framed text whose middle is at `y`. The font of `ctx` must be set. */
export function drawLabel(
  ctx: CanvasRenderingContext2D,
  { text, left, y }: Placed,
  { ink, paper }: { readonly ink: string; readonly paper: string },
): void {
  const ratio = devicePixelRatio;
  const width = ctx.measureText(text).width + 2 * LABEL_PADDING * ratio;
  const height = (LABEL_HEIGHT - 2) * ratio;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.roundRect(left, y - height / 2, width, height, LABEL_RADIUS * ratio);
  ctx.fillStyle = paper;
  ctx.fill();
  ctx.strokeStyle = ink;
  ctx.lineWidth = ratio;
  ctx.stroke();
  ctx.fillStyle = ink;
  ctx.fillText(text, left + LABEL_PADDING * ratio, y);
}
