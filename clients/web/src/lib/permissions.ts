// Who may do what, from the services' own table. The services enforce it. Pages use it to hide what would be rejected.
import { ROLES, type Permission, type Role } from "@/contracts/generated/permissions";

/** Whether `role` has `permission`. An unknown role has none. */
export function roleCan(role: string, permission: Permission): boolean {
  return permissionsOf(role).includes(permission);
}

/** The permissions of a session whose role requires a second factor that is not set up yet. */
const BEFORE_SECOND_FACTOR: readonly Permission[] = ["profile.own", "sessions.own"];

export type Can = (permission: Permission) => boolean;

/** The permission check of a signed-in session. */
export function sessionCan({ account, mustEnrol }: { account: { role: string }; mustEnrol: boolean }): Can {
  return (permission) =>
    roleCan(account.role, permission) && (!mustEnrol || BEFORE_SECOND_FACTOR.includes(permission));
}

/** True for permissions of every role. Used while the account is unknown. */
export const everyRoleCan: Can = (permission) =>
  Object.values(ROLES).every((permissions) => permissions.includes(permission));

/** The permissions that an account may give to an API key, in the table's order. Those about sign-in are excluded. */
export function grantablePermissions(role: string): readonly Permission[] {
  return permissionsOf(role).filter(
    (permission) => permission !== "sessions.own" && permission !== "api_keys.own",
  );
}

/** The preselected scope of a new API key. Most programs need no more. */
export const DEFAULT_SCOPE: readonly Permission[] = ["telemetry.read"];

export function isRole(name: string): name is Role {
  return Object.hasOwn(ROLES, name);
}

function permissionsOf(role: string): readonly Permission[] {
  return isRole(role) ? ROLES[role] : [];
}
