// Readings that came long after they were taken, because their collector was cut off: where they lie. Pure functions.

export type Stretch = { readonly from: number; readonly to: number };

const MOST = 64;

/** `stretches` (ascending, apart) with `added`; neighbours nearer than `apart` become one. Bounded, the oldest go first. */
export function withStretch(stretches: readonly Stretch[], added: Stretch, apart: number): Stretch[] {
  const before = stretches.filter(({ to }) => to + apart < added.from);
  const after = stretches.filter(({ from }) => from - apart > added.to);
  const touched = stretches.slice(before.length, stretches.length - after.length);
  const whole = {
    from: Math.min(added.from, ...touched.map(({ from }) => from)),
    to: Math.max(added.to, ...touched.map(({ to }) => to)),
  };
  return [...before, whole, ...after].slice(-MOST);
}
