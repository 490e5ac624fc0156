// The form of the policy: one checkbox for each role.
import { ROLES, type Role } from "@/contracts/generated/permissions";
import type { Policy } from "@/contracts/http";
import { z, type FormSchema } from "@/lib/forms/form-schema";

/** True: accounts with the role must have a second factor. */
export type PolicyValues = Record<Role, boolean>;

export const ALL_ROLES = Object.keys(ROLES) as readonly Role[];

const each = <T>(of: (role: Role) => T) =>
  Object.fromEntries(ALL_ROLES.map((role) => [role, of(role)])) as Record<Role, T>;

export const policySchema: FormSchema<PolicyValues> = z.object(each(() => z.boolean()));

export function valuesOf({ second_factor_roles: roles }: Pick<Policy, "second_factor_roles">): PolicyValues {
  return each((role) => roles.includes(role));
}

export function rolesOf(values: PolicyValues): Role[] {
  return ALL_ROLES.filter((role) => values[role]);
}
