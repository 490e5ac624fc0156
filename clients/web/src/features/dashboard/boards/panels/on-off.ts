// Since when a series has its state. Pure functions.
import type { Samples } from "@/charts/types";

export type Since = {
  /** When the state began, or the oldest known reading of it, in µs. */
  readonly t: number;
  /** False when the state may have begun earlier than the loaded readings. */
  readonly isKnown: boolean;
};

/** Since when the readings have the state `isOn`; null without a reading of it at the end. */
export function stateSince({ t, v }: Samples, isOn: boolean): Since | null {
  let first = -1;
  for (let index = t.length - 1; index >= 0; index -= 1) {
    if ((v[index]! !== 0) !== isOn) break;
    first = index;
  }
  return first < 0 ? null : { t: t[first]!, isKnown: first > 0 };
}
