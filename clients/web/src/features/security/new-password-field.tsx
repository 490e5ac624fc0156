"use client";
// The field for a new password, with its strength.
import { useTranslations } from "next-intl";
import { useId } from "react";
import type { InputSize } from "@/components/form/input";
import { PasswordField } from "@/components/form/password-field";
import { StrengthMeter } from "./strength-meter";
import type { StrengthState } from "./use-strength";

type NewPasswordFieldProps = {
  value: string;
  onChange: (value: string) => void;
  strength: StrengthState;
  describedBy?: string;
  autoFocus?: boolean;
  fieldSize?: InputSize;
};

export function NewPasswordField({ value, onChange, strength, describedBy, ...rest }: NewPasswordFieldProps) {
  const t = useTranslations("security");
  const meterId = useId();
  return (
    <div className="space-y-2">
      <PasswordField
        {...rest}
        label={t("newPassword")}
        name="new-password"
        autoComplete="new-password"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        data-testid="new-password"
        aria-describedby={[describedBy, meterId].filter(Boolean).join(" ")}
      />
      <StrengthMeter id={meterId} state={strength} />
    </div>
  );
}
