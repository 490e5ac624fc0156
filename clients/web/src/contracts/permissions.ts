// Generated from pulse_contracts.permissions by `make generate`. Do not edit.

export type Role = "admin" | "user";

export type Permission = "profile.own" | "sessions.own" | "api_keys.own" | "telemetry.read" | "telemetry.export" | "telemetry.manage" | "accounts.read" | "accounts.manage" | "sessions.manage" | "collectors.read" | "collectors.manage" | "keys.rotate" | "audit.read";

/** What each role may do. */
export const ROLES: Readonly<Record<Role, readonly Permission[]>> = {
  admin: [
    "profile.own",
    "sessions.own",
    "api_keys.own",
    "telemetry.read",
    "telemetry.export",
    "telemetry.manage",
    "accounts.read",
    "accounts.manage",
    "sessions.manage",
    "collectors.read",
    "collectors.manage",
    "keys.rotate",
    "audit.read",
  ],
  user: [
    "profile.own",
    "sessions.own",
    "api_keys.own",
    "telemetry.read",
    "telemetry.export",
  ],
};
