"use client";
// The fields of an incident.
import { useTranslations } from "next-intl";
import type { UseFormReturn } from "react-hook-form";
import { CHECKBOX, TextAreaField, TextField } from "@/components/form/input";
import { offsetText } from "@/lib/texts/time-zone";
import { formZone, microsOf, MOST, SERVICES, type IncidentValues, type StoredTimes } from "./incident-schema";

type IncidentFieldsProps = {
  form: UseFormReturn<IncidentValues>;
  /** null for a new incident. */
  stored: StoredTimes | null;
};

export function IncidentFields({ form, stored }: IncidentFieldsProps) {
  const t = useTranslations("status");
  const { errors } = form.formState;
  const zone = formZone();
  const offset = offsetText(microsOf(form.watch("started"), stored?.started_at), zone);
  return (
    <>
      <TextField
        label={t("incident.title")}
        fieldSize="md"
        dir="auto"
        autoComplete="off"
        maxLength={MOST.title * 2}
        data-testid="incident-title"
        error={errors.title?.message}
        {...form.register("title")}
      />
      <TextAreaField
        label={t("incident.text")}
        hint={t("incident.textHint")}
        dir="auto"
        rows={4}
        maxLength={MOST.text * 2}
        data-testid="incident-text"
        error={errors.text?.message}
        {...form.register("text")}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label={t("incident.started")}
          type="datetime-local"
          fieldSize="md"
          hint={zone === offset ? t("incident.zoneOnly", { zone }) : t("incident.zone", { zone, offset })}
          data-testid="incident-started"
          error={errors.started?.message}
          {...form.register("started")}
        />
        <TextField
          label={t("incident.ended")}
          type="datetime-local"
          fieldSize="md"
          hint={t("incident.endedHint")}
          data-testid="incident-ended"
          error={errors.ended?.message}
          {...form.register("ended")}
        />
      </div>
      <fieldset>
        <legend className="mb-1.5 text-ui font-medium">{t("incident.services")}</legend>
        <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
          {SERVICES.map((service) => (
            <label key={service} className="flex items-center gap-2 text-ui">
              <input
                type="checkbox"
                className={CHECKBOX}
                value={service}
                data-testid={`incident-${service}`}
                {...form.register("services")}
              />
              {t(`watched.${service}`)}
            </label>
          ))}
        </div>
      </fieldset>
    </>
  );
}
