// A choice of one among few, all visible.
import clsx from "clsx";

type SegmentedProps<Value extends string> = {
  label: string;
  options: readonly { readonly value: Value; readonly label: string }[];
  value: Value;
  onChange: (value: Value) => void;
  testId?: string;
};

export function Segmented<Value extends string>({
  label,
  options,
  value,
  onChange,
  testId,
}: SegmentedProps<Value>) {
  return (
    <div
      role="group"
      aria-label={label}
      data-testid={testId}
      className="flex min-h-8 w-fit max-w-full flex-wrap items-center rounded-[7px] border bg-surface p-0.5"
    >
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={clsx(
            "h-[26px] rounded-[5px] px-2.5 text-xs transition-colors duration-150",
            option.value === value
              ? "bg-surface-3 font-semibold"
              : "text-fg-2 hover:bg-surface-2 hover:text-fg",
          )}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
