// The shape of one line of a chart: pieces that end where nothing is known, and the area below each of them.

/** The part of `Path2D` that is drawn with. */
export type Pen = { moveTo: (x: number, y: number) => void; lineTo: (x: number, y: number) => void };
export type DotPen = Pen & { arc: (x: number, y: number, radius: number, from: number, to: number) => void };

export type LineShape = {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  /** Where the area ends below, in pixels. */
  readonly ground: number;
  /** The value holds until the next one comes, as that of a switch does. */
  readonly isStepped: boolean;
  /** Of the dot that marks a reading with nothing around it, or a few so close that their line could not be seen. */
  readonly dotRadius: number;
};

/** In `column`, `null` ends a piece and `undefined` says nothing. Nothing is drawn across an end. */
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
      // Two rings fill each other's middle: a path that is only stroked cannot be filled.
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
