// What an administrator can do with an account, and why something is not possible.
import type { User } from "@/contracts/http";
import type { Can } from "@/lib/permissions";

export type UserAction = "edit" | "link" | "toggle" | "end-sessions" | "reset-factor" | "delete";

export type PossibleAction = {
  readonly action: UserAction;
  readonly label: string;
  readonly isDestructive?: true;
  /** Why the action is not possible; null when it is. */
  readonly obstacle: string | null;
};

const OWN = "Not your own account";

/** The actions that `can` allows for `user`. `isOwn`: the account of the administrator. */
export function actionsFor(user: User, isOwn: boolean, can: Can): PossibleAction[] {
  const own = isOwn ? OWN : null;
  const found: PossibleAction[] = [];
  if (can("accounts.manage")) {
    found.push({ action: "edit", label: "Edit", obstacle: null });
    if (user.state !== "inactive") {
      const label =
        user.state === "invited" ? "Create a new invitation link" : "Create a password reset link";
      found.push({ action: "link", label, obstacle: own });
    }
  }
  if (can("sessions.manage")) {
    found.push({ action: "end-sessions", label: "End all sessions", obstacle: own });
    found.push({ action: "reset-factor", label: "Remove second factor", obstacle: own });
  }
  if (can("accounts.manage")) {
    found.push({ action: "toggle", label: user.active ? "Disable" : "Enable", obstacle: own });
    found.push({ action: "delete", label: "Delete", isDestructive: true, obstacle: own });
  }
  return found;
}
