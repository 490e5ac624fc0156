// The fields of an account in a form.
import type { UseFormReturn } from "react-hook-form";
import { SelectField, TextField } from "@/components/form/input";
import { ROLE_LABELS, type UserValues } from "./user-schema";

type UserFieldsProps = {
  form: UseFormReturn<UserValues>;
  /** The account of the administrator, who cannot change their own role. */
  isOwn?: boolean;
};

export function UserFields({ form, isOwn = false }: UserFieldsProps) {
  const { errors } = form.formState;
  return (
    <>
      <TextField
        label="Name"
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
        label="Email"
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
        label="Role"
        fieldSize="md"
        data-testid="user-role"
        hint={isOwn ? "You cannot change your own role." : "A new role ends the sessions of the account."}
        error={errors.role?.message}
        // Not `disabled`, which would remove the value from the form.
        aria-disabled={isOwn || undefined}
        {...form.register("role")}
      >
        {(["user", "admin"] as const).map((role) => (
          <option key={role} value={role} disabled={isOwn && form.getValues("role") !== role}>
            {ROLE_LABELS[role]}
          </option>
        ))}
      </SelectField>
    </>
  );
}
