"use client";
// Changes name, email and role of an account.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import { PanelContent } from "@/components/panel-content";
import type { User } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { useVersionedForm, type Version } from "@/lib/forms/use-versioned-form";
import { UserFields } from "./user-fields";
import { userSchema, valuesOf, type UserValues } from "./user-schema";

type EditDialogProps = {
  api: ApiClient;
  user: User;
  isOwn: boolean;
  onSaved: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. It loads the account, since the list may be older. */
export function EditDialog({ api, user, isOwn, onSaved, onClose }: EditDialogProps) {
  const t = useTranslations("users");
  const load = async (): Promise<Version<UserValues>> => {
    const { body, etag } = await api.getTagged("/api/users/{id}", { path: { id: user.id } });
    return { values: valuesOf(body), etag };
  };
  const query = useQuery({
    queryKey: ["user", user.id],
    queryFn: load,
    // The form keeps its own version. A reload in the background must not replace it.
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("editName", { name: user.name })}
      description={user.email}
    >
      <PanelContent query={query} skeletonHeight="13rem">
        {(loaded) => (
          <EditForm
            api={api}
            id={user.id}
            isOwn={isOwn}
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

type EditFormProps = {
  api: ApiClient;
  id: string;
  isOwn: boolean;
  loaded: Version<UserValues>;
  reload: () => Promise<Version<UserValues>>;
  onSaved: () => void;
  onCancel: () => void;
};

function EditForm({ api, id, isOwn, loaded, reload, onSaved, onCancel }: EditFormProps) {
  const t = useTranslations("users");
  const { form, submit, change, wasRestored, discard } = useVersionedForm<UserValues>({
    draft: `user:${id}`,
    schema: userSchema,
    loaded,
    reload,
    save: (body, ifMatch) => api.put("/api/users/{id}", { path: { id }, body, ifMatch }),
    onSaved,
  });
  const { errors, isSubmitting } = form.formState;
  const roles = useTranslations("common.roles");
  const show = (field: keyof UserValues, values: UserValues) =>
    field === "role" ? roles(values.role) : `“${values[field]}”`;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
      <FormProblem testId="user-error">{errors.root?.message}</FormProblem>
      {change && (
        <ChangeNotice
          change={change}
          labels={{ name: t("name"), email: t("email"), role: t("role") }}
          show={show}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <UserFields form={form} isOwn={isOwn} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("cancel")}</Button>
        <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="user-submit">
          {t("save")}
        </SubmitButton>
      </div>
    </form>
  );
}
