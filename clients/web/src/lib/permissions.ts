// Who may do what, from the one table of the services. Services refuse by it too: this only keeps pages from offering
// what would be refused.
import { ROLES, type Permission } from "@/contracts/generated/permissions";

/** Whether `role` has `permission`; a role that this build does not know has none. */
export function may(role: string, permission: Permission): boolean {
  return permissionsOf(role).includes(permission);
}

/** What a session may while the role's second factor is not set up. */
const BEFORE_SECOND_FACTOR: readonly Permission[] = ["profile.own", "sessions.own"];

export type May = (permission: Permission) => boolean;

/** What a signed-in account may in this session. */
export function mayOf({ account, mustEnrol }: { account: { role: string }; mustEnrol: boolean }): May {
  return (permission) =>
    may(account.role, permission) && (!mustEnrol || BEFORE_SECOND_FACTOR.includes(permission));
}

/** Before it is known who is signed in: what every role may. */
export const mayEverybody: May = (permission) =>
  Object.values(ROLES).every((allowed) => allowed.includes(permission));

/** The permissions that an account may give to an API key, in the table's order: never those about sign-in itself. */
export function grantable(role: string): readonly Permission[] {
  const own = permissionsOf(role);
  return own.filter((permission) => permission !== "sessions.own" && permission !== "api_keys.own");
}

/** What most programs need, and what a new API key begins with. */
export const READ_ONLY: readonly Permission[] = ["telemetry.read"];

function permissionsOf(role: string): readonly Permission[] {
  return Object.hasOwn(ROLES, role) ? ROLES[role as keyof typeof ROLES] : [];
}
