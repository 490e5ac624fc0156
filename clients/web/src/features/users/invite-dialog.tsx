"use client";
// Invites a person: creates the account, then the link to set the first password.
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import type { PasswordLink, User } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { drafts } from "@/lib/forms/drafts";
import { resolverOf } from "@/lib/forms/form-schema";
import { MailField } from "./mail-field";
import { LinkResult } from "./link-result";
import { UserFields } from "./user-fields";
import { NO_USER, userSchema, type UserValues } from "./user-schema";

const DRAFT = "user:new";

type InviteDialogProps = { api: ApiClient; onCreated: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export default function InviteDialog({ api, onCreated, onClose }: InviteDialogProps) {
  const t = useTranslations("users");
  const [created, setCreated] = useState<{ user: User; link: PasswordLink } | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={created ? t("saveTheLink") : t("inviteAUser")}
      description={created ? undefined : t("thePersonSetsAPassword")}
      isLocked={created !== null}
    >
      {created ? (
        <LinkResult link={created.link} email={created.user.email} onClose={onClose} />
      ) : (
        <InviteForm
          api={api}
          onUser={onCreated}
          onLink={(user, link) => setCreated({ user, link })}
          onCancel={onClose}
        />
      )}
    </Dialog>
  );
}

type InviteFormProps = {
  api: ApiClient;
  onUser: () => void;
  onLink: (user: User, link: PasswordLink) => void;
  onCancel: () => void;
};

function InviteForm({ api, onUser, onLink, onCancel }: InviteFormProps) {
  const t = useTranslations("users");
  const [kept] = useState(() => drafts.get<UserValues>(DRAFT));
  const [wasRestored, setRestored] = useState(kept !== undefined);
  const [keyOf] = useState(idempotencyKeys);
  // The account may exist already when only the link has failed. Then a retry creates the link alone.
  const [user, setUser] = useState<User | null>(null);
  const [isMailed, setMailed] = useState(false);
  const form = useForm<UserValues>({ resolver: resolverOf(userSchema), defaultValues: kept ?? NO_USER });
  useEffect(
    () =>
      form.subscribe({
        formState: { values: true },
        callback: ({ values }) => drafts.set(DRAFT, { ...values }),
      }),
    [form],
  );
  const submit = form.handleSubmit(async (values) => {
    try {
      const made = user ?? (await api.post("/api/users", { body: values, idempotencyKey: keyOf(values) }));
      if (!user) {
        setUser(made);
        drafts.delete(DRAFT);
        onUser();
      }
      onLink(
        made,
        await api.post("/api/users/{id}/invitation", { path: { id: made.id }, body: { mail: isMailed } }),
      );
    } catch (error) {
      form.setError("root", { message: explain(error) });
      if (error instanceof ApiError && error.code === "mail_not_configured") setMailed(false);
    }
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
      <FormProblem testId="user-error">{errors.root?.message}</FormProblem>
      {wasRestored && (
        <RestoredNotice
          onDiscard={() => {
            form.reset(NO_USER);
            drafts.delete(DRAFT);
            setRestored(false);
          }}
        />
      )}
      <UserFields form={form} />
      <MailField api={api} isMailed={isMailed} onChange={setMailed} />
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("cancel")}</Button>
        <SubmitButton isBusy={isSubmitting} busyText={t("inviting")} data-testid="user-submit">
          {user ? t("createTheLink") : t("invite")}
        </SubmitButton>
      </div>
    </form>
  );
}
