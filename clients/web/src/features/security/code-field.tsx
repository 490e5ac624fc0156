// The field for a one-time code.
import { useTranslations } from "next-intl";
import type { ComponentProps } from "react";
import { TextField } from "@/components/form/input";

type CodeFieldProps = Pick<
  ComponentProps<typeof TextField>,
  "hint" | "autoFocus" | "aria-describedby" | "maxLength"
>;

export function CodeField({ maxLength = 9, ...rest }: CodeFieldProps) {
  const t = useTranslations("security");
  return (
    <TextField
      label={t("oneTimeCode")}
      name="code"
      required
      maxLength={maxLength}
      // A recovery code contains letters.
      inputMode={maxLength > 9 ? "text" : "numeric"}
      autoComplete="one-time-code"
      fieldSize="md"
      placeholder="000000"
      className="max-w-60 tabular-nums"
      data-testid="code"
      {...rest}
    />
  );
}

/** `typed` without spaces: apps show codes in groups. */
export function codeOf(typed: string): string {
  return typed.replace(/\s/g, "");
}
