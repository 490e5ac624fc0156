"use client";
// The frame of the forms that add a device: problem, fields, buttons.
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { FieldValues } from "react-hook-form";
import { Button } from "@/components/button";
import { RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import type { DraftForm } from "@/lib/forms/use-draft-form";

type NewDeviceFormProps<T extends FieldValues> = {
  draft: DraftForm<T>;
  onCancel: () => void;
  children: ReactNode;
};

export function NewDeviceForm<T extends FieldValues>({ draft, onCancel, children }: NewDeviceFormProps<T>) {
  const t = useTranslations("devices");
  const { errors, isSubmitting } = draft.form.formState;
  return (
    <form method="post" onSubmit={(event) => void draft.submit(event)} noValidate className="space-y-4">
      <FormProblem testId="device-error">{errors.root?.message}</FormProblem>
      {draft.wasRestored && <RestoredNotice onDiscard={draft.discard} />}
      {children}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("cancel")}</Button>
        <SubmitButton isBusy={isSubmitting} busyText={t("adding")} data-testid="device-submit">
          {t("addDevice")}
        </SubmitButton>
      </div>
    </form>
  );
}
