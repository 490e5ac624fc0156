"use client";
// Creates a link to set a password: the first one of an invited person, or a new one.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Dialog } from "@/components/dialog";
import type { PasswordLink, User } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { MailField } from "./mail-field";
import { LinkResult } from "./link-result";

type LinkDialogProps = { api: ApiClient; user: User; onClose: () => void };

/** The dialog is open while it is rendered. */
export function LinkDialog({ api, user, onClose }: LinkDialogProps) {
  const t = useTranslations("users");
  const [link, setLink] = useState<PasswordLink | null>(null);
  const [isMailed, setMailed] = useState(false);
  const isInvited = user.state === "invited";
  if (link) {
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title={t("saveTheLink")} isLocked>
        <LinkResult link={link} email={user.email} onClose={onClose} />
      </Dialog>
    );
  }
  const create = async () => {
    const input = { path: { id: user.id }, body: { mail: isMailed } };
    setLink(
      isInvited
        ? await api.post("/api/users/{id}/invitation", input)
        : await api.post("/api/users/{id}/reset", input),
    );
  };
  return (
    <ConfirmDialog
      title={
        isInvited
          ? t("inviteNameAgain", { name: user.name })
          : t("resetThePasswordOfName", { name: user.name })
      }
      action={t("createLink")}
      busyAction={t("creating")}
      onConfirm={create}
      // The dialog of the link follows, and its own button closes it.
      closesItself={false}
      onClose={onClose}
    >
      <div className="space-y-3">
        <p>{isInvited ? t("thisCreatesALinkTo") : t("thisCreatesALinkTo2")}</p>
        <MailField api={api} isMailed={isMailed} onChange={setMailed} />
      </div>
    </ConfirmDialog>
  );
}
