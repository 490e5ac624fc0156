// The legend of a chart's marks. It lists only the marks in view.
import { useTranslations } from "next-intl";
export type Marks = { readonly hasGaps: boolean; readonly hasLate: boolean; readonly hasSuspect: boolean };

export const NO_MARKS: Marks = { hasGaps: false, hasLate: false, hasSuspect: false };

export function areSame(a: Marks, b: Marks): boolean {
  return a.hasGaps === b.hasGaps && a.hasLate === b.hasLate && a.hasSuspect === b.hasSuspect;
}

export function ChartKey({ hasGaps, hasLate, hasSuspect }: Marks) {
  const t = useTranslations("common.charts");
  if (!hasGaps && !hasLate && !hasSuspect) return null;
  return (
    <span
      className="flex flex-wrap items-center justify-end gap-x-3 text-2xs whitespace-nowrap text-fg-2"
      data-testid="chart-key"
    >
      {hasGaps && (
        <span className="flex items-center gap-1.5" data-testid="key-gap">
          <span aria-hidden className="keep-color gap-hatch size-3 rounded-[2px] border" />
          {t("noReadings")}
        </span>
      )}
      {hasLate && (
        <span className="flex items-center gap-1.5" data-testid="key-late">
          <span aria-hidden className="keep-color h-[3px] w-3 rounded-full bg-info" />
          {t("late")}
        </span>
      )}
      {hasSuspect && (
        <span className="flex items-center gap-1.5" data-testid="key-suspect" title={t("suspectWhy")}>
          <span aria-hidden className="keep-color h-[3px] w-3 rounded-full bg-warn-fill" />
          {t("suspect")}
        </span>
      )}
    </span>
  );
}
