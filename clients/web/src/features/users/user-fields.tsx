// The fields of an account in a form.
import { useTranslations } from "next-intl";
import type { UseFormReturn } from "react-hook-form";
import { SelectField, TextField } from "@/components/form/input";
import { ROLES } from "./roles";
import type { UserValues } from "./user-schema";

type UserFieldsProps = {
  form: UseFormReturn<UserValues>;
  /** The account of the administrator, who cannot change their own role. */
  isOwn?: boolean;
};

export function UserFields({ form, isOwn = false }: UserFieldsProps) {
  const t = useTranslations("users");
  const roles = useTranslations("common.roles");
  const { errors } = form.formState;
  return (
    <>
      <TextField
        label={t("name")}
        fieldSize="md"
        autoComplete="off"
        autoFocus
        maxLength={200}
        dir="auto"
        data-testid="user-name"
        error={errors.name?.message}
        {...form.register("name")}
      />
      <TextField
        label={t("email")}
        type="email"
        inputMode="email"
        fieldSize="md"
        autoComplete="off"
        spellCheck={false}
        maxLength={254}
        data-testid="user-email"
        error={errors.email?.message}
        {...form.register("email")}
      />
      <SelectField
        label={t("role")}
        fieldSize="md"
        data-testid="user-role"
        hint={isOwn ? t("youCannotChangeYourOwn") : t("aNewRoleEndsThe")}
        error={errors.role?.message}
        // Not `disabled`, which would remove the value from the form.
        aria-disabled={isOwn || undefined}
        {...form.register("role")}
      >
        {ROLES.map((role) => (
          <option key={role} value={role} disabled={isOwn && form.getValues("role") !== role}>
            {roles(role)}
          </option>
        ))}
      </SelectField>
    </>
  );
}
