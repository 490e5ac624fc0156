"use client";
// Selects the time range of the charts.
import clsx from "clsx";
import { RANGES, type RangeKey } from "./ranges";

export function RangePicker({ value, onChange }: { value: RangeKey; onChange: (key: RangeKey) => void }) {
  return (
    <div
      role="group"
      aria-label="Time range"
      className="flex h-8 items-center rounded-[7px] border bg-surface p-0.5"
    >
      {RANGES.map(({ key, label }) => (
        <button
          key={key}
          type="button"
          aria-pressed={key === value}
          aria-label={`Last ${label}`}
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
