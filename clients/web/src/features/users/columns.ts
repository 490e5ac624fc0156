// The columns of the table of users that can be hidden.
export const COLUMNS = ["role", "state", "factor", "lastActive", "created", "updated"] as const;
export type Column = (typeof COLUMNS)[number];
