"use client";
// Selects the time range of the charts.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { RANGES, type RangeKey } from "./ranges";

export function RangePicker({ value, onChange }: { value: RangeKey; onChange: (key: RangeKey) => void }) {
  const t = useTranslations("dashboard");
  return (
    <div
      role="group"
      aria-label={t("timeRange")}
      className="flex h-8 items-center rounded-[7px] border bg-surface p-0.5"
    >
      {RANGES.map(({ key }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === value}
          aria-label={t(`lastRange.${key}`)}
          data-testid={`range-${key}`}
          onClick={() => onChange(key)}
          className={clsx(
            "h-full rounded-[5px] px-2 text-xs transition-colors duration-150 sm:px-2.5",
            key === value ? "bg-surface-3 font-semibold" : "text-fg-2 hover:bg-surface-2 hover:text-fg",
          )}
        >
          {key}
        </button>
      ))}
    </div>
  );
}
