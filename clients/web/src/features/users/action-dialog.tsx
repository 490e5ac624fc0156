"use client";
// The dialog of one action for one account.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import type { User } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { EditDialog } from "./edit-dialog";
import { LinkDialog } from "./link-dialog";
import type { UserAction } from "./user-actions";
import { etagOf } from "./user-schema";

type ActionDialogProps = {
  api: ApiClient;
  user: User;
  action: UserAction;
  isOwn: boolean;
  /** Called when the account has changed, or may have. */
  onChanged: () => Promise<unknown>;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export default function ActionDialog({ api, user, action, isOwn, onChanged, onClose }: ActionDialogProps) {
  const t = useTranslations("users");
  const path = { id: user.id };
  const account = { account: user.id };
  // The list may be old. The service then rejects the change, and the new list shows what has changed.
  const guarded = async (change: () => Promise<unknown>) => {
    try {
      await change();
    } finally {
      await onChanged();
    }
  };
  switch (action) {
    case "edit":
      return (
        <EditDialog api={api} user={user} isOwn={isOwn} onSaved={() => void onChanged()} onClose={onClose} />
      );
    case "link":
      return <LinkDialog api={api} user={user} onClose={onClose} />;
    case "toggle":
      return (
        <ConfirmDialog
          title={user.active ? t("disableName", { name: user.name }) : t("enableName", { name: user.name })}
          action={user.active ? t("disable") : t("enable")}
          busyAction={user.active ? t("disabling") : t("enabling")}
          onConfirm={() =>
            guarded(() => api.put("/api/users/{id}/toggle-status", { path, ifMatch: etagOf(user) }))
          }
          onClose={onClose}
        >
          {user.active ? t("allSessionsOfTheAccount") : t("theAccountCanSignIn")}
        </ConfirmDialog>
      );
    case "end-sessions":
      return (
        <ConfirmDialog
          title={t("endAllSessionsOfName", { name: user.name })}
          action={t("endSessions")}
          busyAction={t("ending")}
          onConfirm={() => api.delete("/api/auth/accounts/{account}/sessions", { path: account })}
          onClose={onClose}
        >
          {t("thePersonIsSignedOut")}
        </ConfirmDialog>
      );
    case "reset-factor":
      return (
        <ConfirmDialog
          title={t("removeTheSecondFactorOf", { name: user.name })}
          action={t("remove")}
          busyAction={t("removing")}
          onConfirm={() => removeFactor(api, user.id)}
          onClose={onClose}
        >
          {t("doThisOnlyIfThe")}
        </ConfirmDialog>
      );
    case "delete":
      return (
        <TypedConfirmDialog
          title={t("deleteName", { name: user.name })}
          expected={user.email}
          action={t("delete")}
          busyAction={t("deleting")}
          onConfirm={() => guarded(() => deleteUser(api, user))}
          onClose={onClose}
        >
          {t("theAccountIsGoneFor")}
        </TypedConfirmDialog>
      );
  }
}

/** An account that is already gone counts as deleted. */
async function deleteUser(api: ApiClient, user: User): Promise<void> {
  try {
    await api.delete("/api/users/{id}", { path: { id: user.id }, ifMatch: etagOf(user) });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

async function removeFactor(api: ApiClient, account: string): Promise<void> {
  const t = pageTexts("users");
  try {
    await api.delete("/api/auth/accounts/{account}/second-factor", { path: { account } });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "no_second_factor")) throw error;
    throw new ApiError(error.status, "has_no_second_factor", t("thisAccountHasNoSecond"));
  }
}
