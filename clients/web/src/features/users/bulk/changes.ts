// The changes of many accounts at once, and what a preview says about them. Pure functions.
import type { BulkForecast, User } from "@/contracts/http";

export const BULK_ACTIONS = ["activate", "deactivate", "expire_password", "delete"] as const;
/** The users service takes so many accounts in one change. */
export const MOST_SELECTED = 500;

export type BulkChange =
  | { readonly action: (typeof BULK_ACTIONS)[number] }
  | { readonly action: "set_role"; readonly role: User["role"] };

type Row = BulkForecast["rows"][number];

/** What will happen: `changing` will change, `unchanged` is already as asked, `refused` is left out. */
export type Plan = {
  readonly changing: readonly Row[];
  readonly unchanged: readonly Row[];
  readonly refused: readonly Row[];
};

export function planOf({ rows }: BulkForecast): Plan {
  return {
    changing: rows.filter((row) => row.is_change),
    unchanged: rows.filter((row) => row.outcome === "ok" && !row.is_change),
    refused: rows.filter((row) => row.outcome !== "ok"),
  };
}

/** The body of the change: only what will change, in the versions that the preview saw. */
export function bodyOf(change: BulkChange, { changing }: Plan) {
  const versions = Object.fromEntries(changing.map(({ id, version }) => [id, version!]));
  return { ...change, ids: changing.map(({ id }) => id), versions };
}
