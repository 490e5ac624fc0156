"use client";
// Changes an incident. When another administrator has saved meanwhile, the dialog shows what they changed.
import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useMemo, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import type { Incident } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { useVersionedForm } from "@/lib/forms/use-versioned-form";
import { incidentsQuery } from "../queries";
import { IncidentFields } from "./incident-fields";
import { bodyOf, incidentSchemaOf, SERVICES, valuesOf, type IncidentValues } from "./incident-schema";

type EditDialogProps = {
  api: ApiClient;
  incident: Incident;
  onDelete: () => void;
  onClose: () => void;
};

const PATH = "/api/telemetry/incidents/{id}";

/** The dialog is open while it is rendered. */
export default function EditDialog({ api, incident, onDelete, onClose }: EditDialogProps) {
  const t = useTranslations("status");
  const client = useQueryClient();
  const path = { id: incident.id };
  // The version that the form is based on.
  const [stored, setStored] = useState(incident);
  const schema = useMemo(() => incidentSchemaOf(stored), [stored]);
  const { form, submit, change, wasRestored, discard } = useVersionedForm<IncidentValues>({
    draft: `incident:${incident.id}`,
    schema,
    loaded: { values: valuesOf(stored), etag: `"${stored.version}"` },
    reload: async () => {
      const { body, etag } = await api.getTagged(PATH, { path });
      setStored(body);
      return { values: valuesOf(body), etag };
    },
    save: (values, ifMatch) => api.put(PATH, { path, body: bodyOf(values, stored), ifMatch }),
    onSaved: () => {
      void client.invalidateQueries({ queryKey: incidentsQuery(api).queryKey });
      onClose();
    },
  });
  const { errors, isSubmitting } = form.formState;
  const names = (chosen: readonly string[]) =>
    SERVICES.filter((one) => chosen.includes(one))
      .map((one) => t(`watched.${one}`))
      .join(", ");
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("incident.edit")}>
      <form method="post" noValidate onSubmit={(event) => void submit(event)} className="space-y-4">
        <FormProblem testId="incident-error">{errors.root?.message}</FormProblem>
        {change && (
          <ChangeNotice
            change={change}
            labels={{
              title: t("incident.title"),
              text: t("incident.text"),
              started: t("incident.started"),
              ended: t("incident.ended"),
              services: t("incident.services"),
            }}
            show={(field, values) =>
              (field === "services" ? names(values.services) : values[field].replace("T", " ")) ||
              t("incident.nothing")
            }
          />
        )}
        {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
        <IncidentFields form={form} stored={stored} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button tone="danger" className="mr-auto" onClick={onDelete} data-testid="incident-delete">
            {t("incident.delete")}
          </Button>
          <Button onClick={onClose}>{t("incident.cancel")}</Button>
          <SubmitButton isBusy={isSubmitting} busyText={t("incident.saving")} data-testid="incident-save">
            {t("incident.save")}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}
