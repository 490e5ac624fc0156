// Text fields with labels.
import clsx from "clsx";
import { useId, type ComponentProps, type ReactNode } from "react";

const FIELD =
  "w-full rounded-[7px] border border-border-strong bg-surface px-3 outline-none placeholder:text-fg-3 " +
  "aria-invalid:border-crit focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent";

export type InputSize = "sm" | "md" | "lg";

// Phones zoom into fields with text below 16 px. Smaller text needs a wide screen and a mouse.
const HEIGHTS: Record<InputSize, string> = {
  sm: "h-9 text-[16px] sm:pointer-fine:h-8 sm:pointer-fine:text-ui",
  md: "h-9 text-[16px] sm:pointer-fine:text-body",
  lg: "h-10 text-[16px] sm:pointer-fine:text-[15px]",
};

type InputProps = Omit<ComponentProps<"input">, "size"> & { fieldSize?: InputSize };

export function Input({ fieldSize = "lg", className, ...rest }: InputProps) {
  return <input className={clsx(FIELD, HEIGHTS[fieldSize], className)} {...rest} />;
}

type FieldProps = { label: string; hint?: ReactNode; /** What is wrong with the value. */ error?: string };

/** An input below its label. Screen readers read `hint` and `error` with it. */
export function TextField({ label, hint, error, ...rest }: InputProps & FieldProps) {
  return (
    <Labelled label={label} hint={hint} error={error} describedBy={rest["aria-describedby"]}>
      {(wiring) => <Input {...rest} {...wiring} />}
    </Labelled>
  );
}

type TextAreaFieldProps = ComponentProps<"textarea"> & FieldProps;

/** Several lines below their label. */
export function TextAreaField({ label, hint, error, className, ...rest }: TextAreaFieldProps) {
  return (
    <Labelled label={label} hint={hint} error={error} describedBy={rest["aria-describedby"]}>
      {(wiring) => (
        <textarea
          {...rest}
          {...wiring}
          className={clsx(FIELD, "py-2 text-[16px] sm:pointer-fine:text-body", className)}
        />
      )}
    </Labelled>
  );
}

type SelectFieldProps = Omit<ComponentProps<"select">, "size"> & FieldProps & { fieldSize?: InputSize };

/** The browser's own selection list below its label: phones show it full screen, and every key works. */
export function SelectField({ label, hint, error, fieldSize = "lg", className, ...rest }: SelectFieldProps) {
  return (
    <Labelled label={label} hint={hint} error={error} describedBy={rest["aria-describedby"]}>
      {(wiring) => <select {...rest} {...wiring} className={clsx(FIELD, HEIGHTS[fieldSize], className)} />}
    </Labelled>
  );
}

type Wiring = { id: string; "aria-describedby"?: string; "aria-invalid"?: true };

function Labelled({
  label,
  hint,
  error,
  describedBy,
  children,
}: FieldProps & { describedBy?: string; children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = [describedBy, hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className="block text-ui font-medium">
        {label}
      </label>
      {children({
        id,
        ...(described ? { "aria-describedby": described } : {}),
        ...(error ? { "aria-invalid": true } : {}),
      })}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-xs text-crit">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-fg-2">
          {hint}
        </p>
      )}
    </div>
  );
}

export const CHECKBOX =
  "keep-color size-4 shrink-0 appearance-none rounded border border-border-strong bg-surface bg-center bg-no-repeat " +
  "checked:border-accent checked:bg-accent checked:bg-(image:--tick)";
