// What an administrator can do with an account, and why something is not possible.
import { pageTexts } from "@/i18n/page-texts";
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

/** The actions that `can` allows for `user`. `isOwn`: the account of the administrator. */
export function actionsFor(user: User, isOwn: boolean, can: Can): PossibleAction[] {
  const t = pageTexts("users");
  const own = isOwn ? t("notYourOwnAccount") : null;
  const found: PossibleAction[] = [];
  if (can("accounts.manage")) {
    found.push({ action: "edit", label: t("edit"), obstacle: null });
    if (user.state !== "inactive") {
      const label = user.state === "invited" ? t("createANewInvitationLink") : t("createAPasswordResetLink");
      found.push({ action: "link", label, obstacle: own });
    }
  }
  if (can("sessions.manage")) {
    found.push({ action: "end-sessions", label: t("endAllSessions"), obstacle: own });
    found.push({ action: "reset-factor", label: t("removeSecondFactor"), obstacle: own });
  }
  if (can("accounts.manage")) {
    found.push({ action: "toggle", label: user.active ? t("disable") : t("enable"), obstacle: own });
    found.push({ action: "delete", label: t("delete"), isDestructive: true, obstacle: own });
  }
  return found;
}
