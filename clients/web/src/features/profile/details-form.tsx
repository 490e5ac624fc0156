"use client";
// Name and email of the own account.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { PasswordField } from "@/components/form/password-field";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient } from "@/lib/api/api-client";
import { useVersionedForm, type Version } from "@/lib/forms/use-versioned-form";
import { loadDetails } from "./queries";
import { detailsSchema, type Details } from "./profile-schema";

type DetailsFormProps = {
  api: ApiClient;
  loaded: Version<Details>;
  isJustSaved: boolean;
  onSaved: () => void;
};

export function DetailsForm({ api, loaded, isJustSaved, onSaved }: DetailsFormProps) {
  const t = useTranslations("profile");
  // Not a value of the form, because the form keeps its values as a draft.
  const [password, setPassword] = useState("");
  const { form, submit, change, wasRestored, discard } = useVersionedForm<Details>({
    draft: "profile:details",
    schema: detailsSchema,
    loaded,
    reload: () => loadDetails(api),
    save: (values, ifMatch) =>
      api.put("/api/profile", {
        body: { ...values, ...(password ? { current_password: password } : {}) },
        ifMatch,
      }),
    onSaved,
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  const isOtherEmail = form.watch("email").trim() !== loaded.values.email;
  return (
    <form
      method="post"
      noValidate
      onSubmit={(event) => void submit(event)}
      className="space-y-4 px-4 pt-1 pb-4"
      aria-busy={isSubmitting}
    >
      <FormProblem testId="details-error">{errors.root?.message}</FormProblem>
      {isJustSaved && !isDirty && <FormNotice testId="details-saved">{t("saved")}</FormNotice>}
      {change && (
        <ChangeNotice
          change={change}
          labels={{ name: t("name"), email: t("email") }}
          show={(field, values) => `“${values[field]}”`}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label={t("name")}
          fieldSize="md"
          autoComplete="name"
          maxLength={200}
          dir="auto"
          data-testid="profile-name"
          error={errors.name?.message}
          {...form.register("name")}
        />
        <TextField
          label={t("email")}
          type="email"
          fieldSize="md"
          autoComplete="email"
          spellCheck={false}
          maxLength={254}
          data-testid="profile-email"
          error={errors.email?.message}
          {...form.register("email")}
        />
      </div>
      {isOtherEmail && (
        <div className="space-y-1.5 sm:max-w-[calc(50%-0.5rem)]">
          <PasswordField
            label={t("currentPassword")}
            autoComplete="current-password"
            fieldSize="md"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            data-testid="profile-password"
          />
          <p className="text-xs text-fg-2">{t("passwordForEmail")}</p>
        </div>
      )}
      <SubmitButton
        isBusy={isSubmitting}
        busyText={t("saving")}
        disabled={!isDirty}
        data-testid="details-submit"
      >
        {t("save")}
      </SubmitButton>
    </form>
  );
}
