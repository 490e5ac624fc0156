"use client";
// Reports an incident.
import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useMemo, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { useDraftForm } from "@/lib/forms/use-draft-form";
import { incidentsQuery } from "../queries";
import { IncidentFields } from "./incident-fields";
import { bodyOf, incidentSchemaOf, newValues, type IncidentValues } from "./incident-schema";

const schema = incidentSchemaOf(null);

/** The dialog is open while it is rendered. */
export default function ReportDialog({ api, onClose }: { api: ApiClient; onClose: () => void }) {
  const t = useTranslations("status.incident");
  const client = useQueryClient();
  const keyOf = useMemo(() => idempotencyKeys(), []);
  const [empty] = useState(() => newValues(Date.now()));
  const { form, submit, wasRestored, discard } = useDraftForm<IncidentValues>({
    draft: "incident:new",
    schema,
    empty,
    save: async (values) => {
      const body = bodyOf(values, null);
      await api.post("/api/telemetry/incidents", { body, idempotencyKey: keyOf(body) });
      await client.invalidateQueries({ queryKey: incidentsQuery(api).queryKey });
      onClose();
    },
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("report")} description={t("everybody")}>
      <form method="post" noValidate onSubmit={(event) => void submit(event)} className="space-y-4">
        <FormProblem testId="incident-error">{errors.root?.message}</FormProblem>
        {wasRestored && <RestoredNotice onDiscard={discard} />}
        <IncidentFields form={form} stored={null} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="incident-save">
            {t("reportNow")}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}
