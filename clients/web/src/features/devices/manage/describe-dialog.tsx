"use client";
// Changes name, site and tags of a device.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import type { UseFormReturn } from "react-hook-form";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import { PanelContent } from "@/components/panel-content";
import type { ApiClient } from "@/lib/api/api-client";
import { useVersionedForm, type Version } from "@/lib/forms/use-versioned-form";
import { DescriptionFields } from "./description-fields";
import { bodyOf, descriptionOf, descriptionSchema, type Description } from "./device-schema";

type DescribeDialogProps = { api: ApiClient; id: string; onSaved: () => void; onClose: () => void };

/** The dialog is open while it is rendered. It loads the device, since the list may be older. */
export function DescribeDialog({ api, id, onSaved, onClose }: DescribeDialogProps) {
  const t = useTranslations("devices");
  const load = async (): Promise<Version<Description>> => {
    const { body, etag } = await api.getTagged("/api/collectors/{id}", { path: { id } });
    return { values: descriptionOf(body), etag };
  };
  const query = useQuery({
    queryKey: ["collector", id],
    queryFn: load,
    // The form keeps its own version. A reload in the background must not replace it.
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("editTheDevice")} description={id}>
      <PanelContent query={query} skeletonHeight="13rem">
        {(loaded) => (
          <DescribeForm
            api={api}
            id={id}
            loaded={loaded}
            reload={load}
            onCancel={onClose}
            onSaved={() => {
              onSaved();
              onClose();
            }}
          />
        )}
      </PanelContent>
    </Dialog>
  );
}

type DescribeFormProps = {
  api: ApiClient;
  id: string;
  loaded: Version<Description>;
  reload: () => Promise<Version<Description>>;
  onSaved: () => void;
  onCancel: () => void;
};

function DescribeForm({ api, id, loaded, reload, onSaved, onCancel }: DescribeFormProps) {
  const t = useTranslations("devices");
  const { form, submit, change, wasRestored, discard } = useVersionedForm<Description>({
    draft: `collector:${id}`,
    schema: descriptionSchema,
    loaded,
    reload,
    save: (values, ifMatch) =>
      api.put("/api/collectors/{id}", { path: { id }, body: bodyOf(values), ifMatch }),
    onSaved,
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
      <FormProblem testId="device-error">{errors.root?.message}</FormProblem>
      {change && (
        <ChangeNotice
          change={change}
          labels={{ name: t("name"), site: t("site"), tags: t("tags") }}
          show={(field, values) => `“${values[field]}”`}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <DescriptionFields form={form as UseFormReturn<Description>} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("cancel")}</Button>
        <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="device-submit">
          {t("save")}
        </SubmitButton>
      </div>
    </form>
  );
}
