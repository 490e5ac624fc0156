// The shape of one line of a chart: pieces that end where nothing is known, and the area below each of them.

/** The part of `Path2D` that is drawn with. */
export type Pen = { moveTo: (x: number, y: number) => void; lineTo: (x: number, y: number) => void };

export type LineShape = {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  /** Where the area ends below, in pixels. */
  readonly ground: number;
  /** The value holds until the next one comes, as that of a switch does. */
  readonly isStepped: boolean;
};

// A reading with nothing around it would have no length, and be invisible.
const DOT = 1;

/** In `column`, `null` ends a piece and `undefined` says nothing. Nothing is drawn across an end. */
export function traceLine(
  column: ArrayLike<number | null | undefined>,
  { x, y, ground, isStepped }: LineShape,
  stroke: Pen,
  area: Pen | null,
): void {
  let startX: number | null = null;
  let lastX = 0;
  let lastY = 0;
  const endPiece = () => {
    if (startX === null) return;
    if (startX === lastX) stroke.lineTo(lastX + DOT, lastY);
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
