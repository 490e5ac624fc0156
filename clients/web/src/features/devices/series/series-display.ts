// How a series is shown, as the fields of a form. Pure functions.
import type { Answer, Input } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { line, z } from "@/lib/forms/form-schema";
import { numberIn } from "@/lib/forms/number-in";

export type SeriesDisplay = Answer<"/api/telemetry/series/{series_id}/display", "get">;
export type DisplayBody = Input<"/api/telemetry/series/{series_id}/display", "put">["body"];
type Limit = DisplayBody["limits"][number];

/** The limits that the form has, from the highest to the lowest. */
export const LIMIT_FIELDS = [
  { field: "criticalAbove", severity: "critical", direction: "above" },
  { field: "warningAbove", severity: "warning", direction: "above" },
  { field: "warningBelow", severity: "warning", direction: "below" },
  { field: "criticalBelow", severity: "critical", direction: "below" },
] as const;

type LimitField = (typeof LIMIT_FIELDS)[number]["field"];
export type DisplayValues = Record<
  LimitField | "display_name" | "unit" | "decimals" | "expected_min" | "expected_max",
  string
>;

const MOST_DECIMALS = 6;
const LARGEST = 1e15;

const text = () => pageTexts("devices");
const number = z.string().check(
  z.trim(),
  z.refine((typed) => typed === "" || numberOf(typed) !== null, { error: () => text()("display.notNumber") }),
);

export const displaySchema = z
  .object({
    display_name: line(128),
    unit: line(32),
    decimals: z.string().check(
      z.trim(),
      z.refine((typed) => typed === "" || decimalsOf(typed) !== null, {
        error: () => text()("display.notWhole", { most: MOST_DECIMALS }),
      }),
    ),
    criticalAbove: number,
    warningAbove: number,
    warningBelow: number,
    criticalBelow: number,
    expected_min: number,
    expected_max: number,
  })
  .check(
    z.refine((values) => isOrdered(values.expected_min, values.expected_max), {
      path: ["expected_max"],
      error: () => text()("display.rangeWrong"),
    }),
  );

function isOrdered(low: string, high: string): boolean {
  const [least, most] = [numberOf(low), numberOf(high)];
  return least === null || most === null || least < most;
}

export function displayValuesOf(display: SeriesDisplay): DisplayValues {
  const limits = Object.fromEntries(
    LIMIT_FIELDS.map(({ field, ...kind }) => [field, typed(display.limits.find(isOf(kind))?.value ?? null)]),
  ) as Record<LimitField, string>;
  return {
    ...limits,
    display_name: display.display_name ?? "",
    unit: display.unit ?? "",
    decimals: typed(display.decimals),
    expected_min: typed(display.expected_min),
    expected_max: typed(display.expected_max),
  };
}

/** What is saved. `stored`: its limits that the form has no field for stay. */
export function displayBodyOf(values: DisplayValues, stored: readonly Limit[]): DisplayBody {
  const others = stored.filter((limit, place) => stored.findIndex(isOf(limit)) !== place);
  const limits = LIMIT_FIELDS.flatMap(({ field, severity, direction }) => {
    const value = numberOf(values[field]);
    return value === null ? [] : [{ severity, direction, value }];
  });
  return {
    display_name: values.display_name || null,
    unit: values.unit || null,
    decimals: decimalsOf(values.decimals),
    limits: [...limits, ...others],
    expected_min: numberOf(values.expected_min),
    expected_max: numberOf(values.expected_max),
  };
}

function isOf({ severity, direction }: Pick<Limit, "severity" | "direction">) {
  return (one: Limit) => one.severity === severity && one.direction === direction;
}

function typed(value: number | null): string {
  return value === null ? "" : String(value);
}

function numberOf(text: string): number | null {
  // The form shows stored numbers as JavaScript writes them, also with an exponent.
  const plain = text.trim();
  if (/^-?\d+(\.\d+)?e[+-]?\d+$/i.test(plain) && Number.isFinite(Number(plain))) return Number(plain);
  return numberIn(text, { least: -LARGEST, most: LARGEST });
}

function decimalsOf(text: string): number | null {
  return numberIn(text, { least: 0, most: MOST_DECIMALS, isWhole: true });
}
