// The arcs of a gauge in SVG. Pure functions. A gauge covers 240 degrees, open at the bottom.

const START = 150;
const SWEEP = 240;

/** Where `value` lies between `min` and `max`, from 0 to 1. */
export function shareOf(value: number, min: number, max: number): number {
  return Math.min(1, Math.max(0, (value - min) / (max - min)));
}

/** An arc around (`x`, `y`) from one share to another. Empty when they are equal. */
export function arc(x: number, y: number, radius: number, from: number, to: number): string {
  if (to <= from) return "";
  const [startX, startY] = pointOn(x, y, radius, from);
  const [endX, endY] = pointOn(x, y, radius, to);
  const isLarge = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${startX} ${startY}A${radius} ${radius} 0 ${isLarge} 1 ${endX} ${endY}`;
}

/** The point of a share on the arc. */
export function pointOn(x: number, y: number, radius: number, share: number): [x: number, y: number] {
  const angle = ((START + share * SWEEP) * Math.PI) / 180;
  return [round(x + radius * Math.cos(angle)), round(y + radius * Math.sin(angle))];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
