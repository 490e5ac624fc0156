// How a dashboard shows a value: with the unit and the decimals that a person chose, and the severity of its limits.
import type { Series } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";
import { formatBrief, type FormattedValue, type Valued } from "@/lib/texts/format";

/** null: as the series says, with as many decimals as fit. */
export type Display = { readonly unit: string | null; readonly decimals: number | null };

export type ValueLimit = {
  readonly severity: "warning" | "critical";
  readonly direction: "above" | "below";
  readonly value: number;
};

export const AS_THE_SERIES: Display = { unit: null, decimals: null };

/** What is shown of a series. `display_unit` and `decimals` are settings of the series for every page. */
type Shown = Valued & Partial<Pick<Series, "display_unit" | "decimals">>;

/** `series` with the unit of `display`, or with its own unit for display. */
export function displayed<S extends Shown>(series: S, display: Pick<Display, "unit">): S {
  const unit = display.unit ?? series.display_unit ?? series.unit;
  return unit === series.unit ? series : { ...series, unit };
}

/** `value` in short. `span`: see `formatBrief`. */
export function shownValue(
  value: RawValue | null,
  series: Shown,
  span: number,
  { unit, decimals: chosen }: Display,
): FormattedValue {
  const shown = displayed(series, { unit });
  const decimals = chosen ?? series.decimals ?? null;
  return formatBrief(value, { ...shown, decimals }, span);
}

/** The worst severity of the limits that `value` has reached; null when it has reached none. */
export function severityOf(
  value: RawValue | null,
  limits: readonly ValueLimit[],
): ValueLimit["severity"] | null {
  if (typeof value !== "number") return null;
  const reached = limits.filter(({ direction, value: limit }) =>
    direction === "above" ? value >= limit : value <= limit,
  );
  if (reached.some(({ severity }) => severity === "critical")) return "critical";
  return reached.length > 0 ? "warning" : null;
}
