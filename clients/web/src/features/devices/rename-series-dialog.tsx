"use client";
// Sets the name and the unit of a series on the screen.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { line, z } from "@/lib/form-schema";
import { useDraftForm } from "@/lib/use-draft-form";

type RenameSeriesDialogProps = { api: ApiClient; series: Series; onSaved: () => void; onClose: () => void };

const schema = z.object({ display_name: line(128), unit: line(32) });

/** The dialog is open while it is rendered. */
export function RenameSeriesDialog({ api, series, onSaved, onClose }: RenameSeriesDialogProps) {
  const t = useTranslations("devices");
  const { form, submit, wasRestored, discard } = useDraftForm({
    draft: `series:${series.id}`,
    schema,
    empty: { display_name: series.display_name, unit: series.unit },
    save: async ({ display_name, unit }) => {
      await api.patch("/api/telemetry/series/{series_id}", {
        path: { series_id: series.id },
        body: { display_name: display_name || null, unit: unit || null },
      });
      onSaved();
      onClose();
    },
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("renameDisplayName", { display_name: series.display_name })}
      description={t("itsNameInMessagesStays", { name: series.name })}
    >
      <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
        <FormProblem testId="series-error">{errors.root?.message}</FormProblem>
        {wasRestored && <RestoredNotice onDiscard={discard} />}
        <TextField
          label={t("nameOnTheScreen")}
          fieldSize="md"
          autoFocus
          dir="auto"
          autoComplete="off"
          maxLength={200}
          data-testid="series-display-name"
          error={errors.display_name?.message}
          {...form.register("display_name")}
        />
        <TextField
          label={t("unit")}
          fieldSize="md"
          autoComplete="off"
          maxLength={60}
          className="max-w-32"
          data-testid="series-unit"
          error={errors.unit?.message}
          {...form.register("unit")}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="series-submit">
            {t("save")}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}
