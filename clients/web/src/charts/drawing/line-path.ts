// The path of one line of a chart: pieces that end at gaps, and the area below each piece.

/** The part of `Path2D` that is used here. */
export type Pen = { moveTo: (x: number, y: number) => void; lineTo: (x: number, y: number) => void };
export type DotPen = Pen & { arc: (x: number, y: number, radius: number, from: number, to: number) => void };

export type LineShape = {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  /** The lower edge of the area, in pixels. */
  readonly ground: number;
  /** True when a value holds until the next one, as with a switch. */
  readonly isStepped: boolean;
  /** Radius of the dot that marks a lone reading, or a few readings too close together for a visible line. */
  readonly dotRadius: number;
};

/** Traces `column` with `stroke` and `area`. `null` ends a piece; `undefined` is skipped. */
export function traceLine(
  column: ArrayLike<number | null | undefined>,
  { x, y, ground, isStepped, dotRadius }: LineShape,
  stroke: DotPen,
  area: Pen | null,
): void {
  let startX: number | null = null;
  let lastX = 0;
  let lastY = 0;
  const endPiece = () => {
    if (startX === null) return;
    if (lastX - startX < dotRadius) {
      // The path is stroked, never filled. Two rings together look like a full dot.
      for (const radius of [dotRadius, dotRadius / 3]) {
        stroke.moveTo(lastX + radius, lastY);
        stroke.arc(lastX, lastY, radius, 0, 2 * Math.PI);
      }
    }
    area?.lineTo(lastX, ground);
    area?.lineTo(startX, ground);
    startX = null;
  };
  for (let index = 0; index < column.length; index += 1) {
    const value = column[index];
    if (value === null) endPiece();
    if (value === null || value === undefined) continue;
    const nextX = x(index);
    const nextY = y(value);
    if (startX === null) {
      startX = nextX;
      stroke.moveTo(nextX, nextY);
      area?.moveTo(nextX, ground);
    } else if (isStepped) {
      stroke.lineTo(nextX, lastY);
      area?.lineTo(nextX, lastY);
    }
    stroke.lineTo(nextX, nextY);
    area?.lineTo(nextX, nextY);
    lastX = nextX;
    lastY = nextY;
  }
  endPiece();
}
