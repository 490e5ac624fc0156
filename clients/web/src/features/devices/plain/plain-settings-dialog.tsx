"use client";
// Changes how the messages of a plain device are read. A preset fills the fields.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { CHECKBOX, SelectField, TextAreaField, TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import { useVersionedForm } from "@/lib/forms/use-versioned-form";
import {
  plainSettingsSchema,
  settingsOf,
  valuesOf,
  linesIn,
  type PlainDevice,
  type PlainPreset,
  type PlainSettingsValues,
} from "./plain-settings";

type PlainSettingsDialogProps = {
  api: ApiClient;
  id: string;
  /** The settings as they were when the dialog was opened. */
  loaded: Tagged<PlainDevice>;
  onSaved: () => void;
  onClose: () => void;
};

const PATH = "/api/telemetry/devices/{device}/plain";

/** The dialog is open while it is rendered. */
export function PlainSettingsDialog({ api, id, loaded, onSaved, onClose }: PlainSettingsDialogProps) {
  const t = useTranslations("devices");
  const presets = useQuery({
    queryKey: ["plain-presets"],
    queryFn: async ({ signal }) => (await api.get("/api/telemetry/plain-presets", { signal })).items,
    staleTime: Infinity,
  });
  const { form, submit, change, wasRestored, discard } = useVersionedForm<PlainSettingsValues>({
    draft: `plain:${id}`,
    schema: plainSettingsSchema,
    loaded: { values: valuesOf(loaded.body.settings), etag: loaded.etag },
    reload: async () => {
      const { body, etag } = await api.getTagged(PATH, { path: { device: id } });
      return { values: valuesOf(body.settings), etag };
    },
    save: (values, ifMatch) => api.put(PATH, { path: { device: id }, body: settingsOf(values), ifMatch }),
    onSaved: () => {
      onSaved();
      onClose();
    },
  });
  const { errors, isSubmitting } = form.formState;
  const fill = ({ time_keys, left_out }: PlainPreset) => {
    const values = { ...form.getValues(), time_keys: time_keys.join("\n"), left_out: left_out.join("\n") };
    form.reset(values, { keepDefaultValues: true });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("howItsMessagesAreRead")}
      description={t("appliesToNewMessages")}
    >
      <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
        <FormProblem testId="plain-error">{errors.root?.message}</FormProblem>
        {change && (
          <ChangeNotice
            change={change}
            labels={{
              time_keys: t("namesOfTheTime"),
              time_zone: t("timeZone"),
              left_out: t("leftOut"),
              takes_text: t("numbersInText"),
            }}
            show={(field, values) =>
              field === "takes_text"
                ? t(values.takes_text ? "converted" : "skipped")
                : linesIn(values[field]).join(", ") || t("nothing")
            }
          />
        )}
        {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
        <SelectField
          label={t("fillFromFirmware")}
          fieldSize="md"
          value=""
          data-testid="plain-preset"
          onChange={({ target }) => {
            const preset = presets.data?.find(({ name }) => name === target.value);
            if (preset) fill(preset);
          }}
        >
          <option value="">{t("chooseAFirmware")}</option>
          {presets.data?.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </SelectField>
        <TextAreaField
          label={t("namesOfTheTime")}
          hint={t("oneNameALine")}
          rows={3}
          maxLength={2_000}
          spellCheck={false}
          data-testid="plain-time-keys"
          error={errors.time_keys?.message}
          {...form.register("time_keys")}
        />
        <TextField
          label={t("timeZone")}
          hint={t("forTimesWithoutAZone")}
          fieldSize="md"
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          data-testid="plain-time-zone"
          error={errors.time_zone?.message}
          {...form.register("time_zone")}
        />
        <TextAreaField
          label={t("leftOut")}
          hint={t("oneNameALine")}
          rows={4}
          maxLength={60_000}
          spellCheck={false}
          data-testid="plain-left-out"
          error={errors.left_out?.message}
          {...form.register("left_out")}
        />
        <label className="flex gap-2 text-ui">
          <input
            type="checkbox"
            className={`${CHECKBOX} mt-0.5`}
            data-testid="plain-takes-text"
            {...form.register("takes_text")}
          />
          {t("convertNumbersInText")}
        </label>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="plain-submit">
            {t("save")}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}
