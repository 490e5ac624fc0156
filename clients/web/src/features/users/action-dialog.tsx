"use client";
// The dialog of one action for one account.
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
export function ActionDialog({ api, user, action, isOwn, onChanged, onClose }: ActionDialogProps) {
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
          title={user.active ? `Disable ${user.name}?` : `Enable ${user.name}?`}
          action={user.active ? "Disable" : "Enable"}
          busyAction={user.active ? "Disabling…" : "Enabling…"}
          onConfirm={() =>
            guarded(() => api.put("/api/users/{id}/toggle-status", { path, ifMatch: etagOf(user) }))
          }
          onClose={onClose}
        >
          {user.active
            ? "All sessions of the account end, and it cannot sign in any more. You can enable it again."
            : "The account can sign in again with its password."}
        </ConfirmDialog>
      );
    case "end-sessions":
      return (
        <ConfirmDialog
          title={`End all sessions of ${user.name}?`}
          action="End sessions"
          busyAction="Ending…"
          onConfirm={() => api.delete("/api/auth/accounts/{account}/sessions", { path: account })}
          onClose={onClose}
        >
          The person is signed out everywhere within two seconds. Their API keys are revoked.
        </ConfirmDialog>
      );
    case "reset-factor":
      return (
        <ConfirmDialog
          title={`Remove the second factor of ${user.name}?`}
          action="Remove"
          busyAction="Removing…"
          onConfirm={() => removeFactor(api, user.id)}
          onClose={onClose}
        >
          Do this only if the person has lost the authenticator app and the recovery codes. All their sessions
          end.
        </ConfirmDialog>
      );
    case "delete":
      return (
        <TypedConfirmDialog
          title={`Delete ${user.name}?`}
          expected={user.email}
          action="Delete"
          busyAction="Deleting…"
          onConfirm={() => guarded(() => deleteUser(api, user))}
          onClose={onClose}
        >
          The account is gone for good and its sessions end. Its readings and its entries in the audit log
          stay.
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
  try {
    await api.delete("/api/auth/accounts/{account}/second-factor", { path: { account } });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "no_second_factor")) throw error;
    throw new ApiError(error.status, "has_no_second_factor", "This account has no second factor.");
  }
}
