// Binary search in ascending arrays.

/** Index of the first element of `t` that is not below `value`; `length` when there is none. */
export function firstNotBelow(t: ArrayLike<number>, value: number, length = t.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (t[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the element nearest to `value`, or -1 when there is none. */
export function nearest(t: ArrayLike<number>, value: number): number {
  const after = firstNotBelow(t, value);
  if (after === 0) return t.length ? 0 : -1;
  if (after === t.length) return after - 1;
  return value - t[after - 1]! <= t[after]! - value ? after - 1 : after;
}
