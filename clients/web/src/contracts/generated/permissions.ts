// Generated from pulse_contracts.permissions by `make generate`. Do not edit.

export type Role = "admin" | "user";

export type Permission = "profile.own" | "sessions.own" | "api_keys.own" | "telemetry.read" | "telemetry.export" | "telemetry.manage" | "telemetry.delete" | "accounts.read" | "accounts.manage" | "sessions.manage" | "collectors.read" | "collectors.manage" | "keys.rotate" | "audit.read";

/** What each permission lets somebody do. */
export const PERMISSIONS: Readonly<Record<Permission, string>> = {
  "profile.own": "see and change one's own profile; an API key cannot change e-mail or password",
  "sessions.own": "see and end one's own sessions, set up a second factor",
  "api_keys.own": "make, list and revoke one's own API keys",
  "telemetry.read": "see devices, readings, history and the ledger",
  "telemetry.export": "export readings as files",
  "telemetry.manage": "see and download what was put into quarantine, set how plain messages are read, rename devices and series",
  "telemetry.delete": "delete readings, series and devices with all their readings",
  "accounts.read": "list accounts",
  "accounts.manage": "invite, change, switch off and delete accounts, administrators too: as good as being one",
  "sessions.manage": "see and end anyone's sessions and API keys, reset a second factor, decide who must have one",
  "collectors.read": "list collectors",
  "collectors.manage": "create, enrol, rotate, disable and delete collectors, and say who may sign in there",
  "keys.rotate": "rotate the keys that sign access tokens",
  "audit.read": "read the audit trail",
};

/** What each role may do. */
export const ROLES: Readonly<Record<Role, readonly Permission[]>> = {
  admin: [
    "profile.own",
    "sessions.own",
    "api_keys.own",
    "telemetry.read",
    "telemetry.export",
    "telemetry.manage",
    "telemetry.delete",
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
