// Joins the changes of two people who edited the same thing at the same time.

export type Merge<T> = {
  /** The fields to show: mine where I changed them, theirs elsewhere. */
  readonly values: T;
  /** Fields that both changed, to different values. `values` has mine. */
  readonly conflicts: readonly (keyof T & string)[];
  /** Fields that only they changed. */
  readonly adopted: readonly (keyof T & string)[];
};

/** `base`: what both started from. `theirs`: what is stored now. Values are compared as JSON. */
export function merge<T extends Readonly<Record<string, unknown>>>(base: T, mine: T, theirs: T): Merge<T> {
  const values: Record<string, unknown> = { ...mine };
  const conflicts: (keyof T & string)[] = [];
  const adopted: (keyof T & string)[] = [];
  for (const field of Object.keys(theirs)) {
    if (isSame(theirs[field], base[field]) || isSame(theirs[field], mine[field])) continue;
    if (isSame(mine[field], base[field])) {
      values[field] = theirs[field];
      adopted.push(field);
    } else {
      conflicts.push(field);
    }
  }
  return { values: values as T, conflicts, adopted };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
