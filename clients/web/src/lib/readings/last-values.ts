// The last values of the series that this browser watched, for the page that is shown without a connection.
import type { RawValue } from "@/contracts/live";

const KEY = "pulse_last_values";
/** A browser keeps about 5 MB for a site. A value takes about 200 bytes. */
const MOST_VALUES = 500;
/** Older values are not shown. Their session may have ended while this browser was closed. */
const MOST_AGE_MS = 7 * 86_400_000;

/** `at`: when it was measured, in ms since 1970 by the clock of this browser. */
export type LastValue = {
  readonly device: string;
  readonly name: string;
  readonly type: "int" | "float" | "bool";
  readonly unit: string;
  readonly decimals: number | null;
  readonly value: RawValue;
  readonly at: number;
};

/** `savedAt`: in ms since 1970 by the clock of this browser. */
export type LastValues = { readonly savedAt: number; readonly values: readonly LastValue[] };

/** Replaces the kept values. Does nothing where nothing can be stored. */
export function saveLastValues(values: readonly LastValue[], nowMs: number): void {
  try {
    const kept: LastValues = { savedAt: nowMs, values: values.slice(0, MOST_VALUES) };
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage is blocked or full. The page without a connection then shows no values.
  }
}

/** The kept values; null when there are none, when they are older than a week, or not readable. */
export function loadLastValues(nowMs = Date.now()): LastValues | null {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return isLastValues(found) && nowMs - found.savedAt < MOST_AGE_MS ? found : null;
  } catch {
    return null;
  }
}

/** Call it when somebody signs out: the next person at this browser must not see the values. */
export function forgetLastValues(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Storage is blocked, so nothing is kept.
  }
}

/** Another release of the page may have written something else. */
function isLastValues(found: unknown): found is LastValues {
  if (typeof found !== "object" || found === null) return false;
  const { savedAt, values } = found as Partial<LastValues>;
  return (
    typeof savedAt === "number" &&
    Array.isArray(values) &&
    values.every((one: Partial<LastValue> | null) => {
      return (
        typeof one?.device === "string" &&
        typeof one.name === "string" &&
        typeof one.unit === "string" &&
        typeof one.at === "number" &&
        ["int", "float", "bool"].includes(one.type ?? "")
      );
    })
  );
}
