// The leases of offline sign-in, as hours that people type.
import { pageTexts } from "@/i18n/page-texts";
import type { Answer } from "@/contracts/http";
import { z } from "@/lib/forms/form-schema";
import { numberIn } from "@/lib/forms/number-in";
import { leaseText } from "./lease-text";

export type Leases = Answer<"/api/sync/policy", "get">;
export type LeaseValues = { user: string; admin: string };

const HOUR_S = 3_600;
/** The bounds of the service, in hours. */
const HOURS = { user: { least: 1, most: 720 }, admin: { least: 0, most: 72 } } as const;
const ROLES = ["user", "admin"] as const;

const hours = (role: keyof LeaseValues) =>
  z.string().check(
    z.refine((text) => numberIn(text, HOURS[role]) !== null, {
      error: () => pageTexts("offline-access")("hoursFromTo", HOURS[role]),
    }),
  );

export const leaseSchema = z.object({ user: hours("user"), admin: hours("admin") });

export function valuesOf({ user_lease_s, admin_lease_s }: Leases): LeaseValues {
  return { user: String(user_lease_s / HOUR_S), admin: String(admin_lease_s / HOUR_S) };
}

/** The leases as the service takes them. The values must fit the schema. */
export function leasesOf(values: LeaseValues): Leases {
  const seconds = (role: keyof LeaseValues) =>
    Math.round((numberIn(values[role], HOURS[role]) ?? 0) * HOUR_S);
  return { user_lease_s: seconds("user"), admin_lease_s: seconds("admin") };
}

export type LeaseChange = { readonly role: keyof LeaseValues; readonly from: string; readonly to: string };

/** What would change, as texts. Null while a value is invalid. */
export function leaseChanges(stored: Leases, values: LeaseValues): LeaseChange[] | null {
  if (!leaseSchema.safeParse(values).success) return null;
  const next = leasesOf(values);
  return ROLES.map((role) => ({ role, field: `${role}_lease_s` as const }))
    .filter(({ field }) => stored[field] !== next[field])
    .map(({ role, field }) => ({ role, from: hoursText(stored[field]), to: hoursText(next[field]) }));
}

/** Exact, unlike `leaseText`: "3.5 h". */
function hoursText(seconds: number): string {
  return seconds > 0 ? pageTexts("offline-access")("hours", { count: seconds / HOUR_S }) : leaseText(0);
}
