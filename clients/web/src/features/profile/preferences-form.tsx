"use client";
// Language, theme, time zone, number format and units of the own account.
import { useTranslations } from "next-intl";
import { useEffect, useMemo, useState } from "react";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SelectField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient } from "@/lib/api/api-client";
import { applyPreferences } from "@/lib/preferences";
import { useVersionedForm, type Version } from "@/lib/forms/use-versioned-form";
import { loadChoices } from "./queries";
import {
  choicesSchema,
  DECIMAL_SIGNS,
  LANGUAGES,
  preferencesOf,
  THEMES,
  timeZones,
  UNIT_SYSTEMS,
  type Choices,
} from "./profile-schema";

type PreferencesFormProps = {
  api: ApiClient;
  loaded: Version<Choices>;
  onSaved: () => void;
};

export function PreferencesForm({ api, loaded, onSaved }: PreferencesFormProps) {
  const t = useTranslations("profile");
  const languages = useTranslations("common.language");
  const themes = useTranslations("common.theme");
  const [needsReload, setReload] = useState(false);
  const zones = useMemo(() => timeZones(), []);
  const save = async (values: Choices, ifMatch: string) => {
    const body = preferencesOf(values);
    await api.put("/api/profile/preferences", { body, ifMatch });
    setReload(applyPreferences(body));
  };
  const { form, submit, change, wasRestored, discard } = useVersionedForm<Choices>({
    draft: "profile:preferences",
    schema: choicesSchema,
    loaded,
    reload: () => loadChoices(api),
    save,
    onSaved: () => {
      form.reset(form.getValues());
      onSaved();
    },
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  // Once the form is clean: a page with unsaved changes asks before it is left.
  useEffect(() => {
    if (needsReload && !isDirty) location.reload();
  }, [needsReload, isDirty]);
  const text = (field: keyof Choices, value: string) => {
    if (field === "language") return value === "browser" ? t("browserLanguage") : languages(value as "en");
    if (field === "theme") return themes(value as "light");
    if (field === "units") return t(`unitSystems.${value as "metric"}`);
    if (field === "decimal_sign") return t(`decimalSigns.${value as "point"}`);
    return value === "browser" ? t("browserZone") : value.replaceAll("_", " ");
  };
  const lists = [
    { field: "language", label: t("language"), values: LANGUAGES },
    { field: "theme", label: t("theme"), values: THEMES },
    { field: "time_zone", label: t("timeZone"), values: zones },
    { field: "decimal_sign", label: t("numberFormat"), values: DECIMAL_SIGNS },
    { field: "units", label: t("units"), values: UNIT_SYSTEMS },
  ] as const;
  return (
    <form
      method="post"
      noValidate
      onSubmit={(event) => void submit(event)}
      className="space-y-4 px-4 pt-1 pb-4"
      aria-busy={isSubmitting}
    >
      <FormProblem testId="preferences-error">{errors.root?.message}</FormProblem>
      {change && (
        <ChangeNotice
          change={change}
          labels={{
            language: t("language"),
            theme: t("theme"),
            time_zone: t("timeZone"),
            decimal_sign: t("numberFormat"),
            units: t("units"),
          }}
          show={(field, values) => text(field, values[field])}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <div className="grid gap-4 sm:grid-cols-2">
        {lists.map(({ field, label, values }) => (
          <SelectField
            key={field}
            label={label}
            fieldSize="md"
            data-testid={`preference-${field}`}
            error={errors[field]?.message}
            {...form.register(field)}
          >
            {values.map((value) => (
              <option key={value} value={value}>
                {text(field, value)}
              </option>
            ))}
          </SelectField>
        ))}
      </div>
      <p className="text-xs text-fg-2">{t("unitsWhat")}</p>
      <SubmitButton
        isBusy={isSubmitting}
        busyText={t("saving")}
        disabled={!isDirty}
        data-testid="preferences-submit"
      >
        {t("save")}
      </SubmitButton>
    </form>
  );
}
