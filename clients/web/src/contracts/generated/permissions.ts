// Generated from pulse_contracts.permissions by `make generate`. Do not edit.

export type Role = "admin" | "user" | "viewer";

export type Permission = "profile.own" | "sessions.own" | "api_keys.own" | "telemetry.read" | "telemetry.export" | "telemetry.manage" | "telemetry.delete" | "dashboards.own" | "dashboards.share" | "annotations.write" | "accounts.read" | "accounts.manage" | "sessions.manage" | "collectors.read" | "collectors.manage" | "collectors.command" | "mirror.read" | "mirror.manage" | "keys.rotate" | "audit.read" | "system.manage" | "incidents.manage";

/** What each permission lets somebody do. */
export const PERMISSIONS: Readonly<Record<Permission, string>> = {
  "profile.own": "see and change your own profile; e-mail and password cannot be changed with an API key",
  "sessions.own": "see and end your own sessions, and set up a second factor",
  "api_keys.own": "create, list and revoke your own API keys",
  "telemetry.read": "see devices, readings, history and the delivery ledger, annotations, shared dashboards and saved questions, and your own",
  "telemetry.export": "export readings as files",
  "telemetry.manage": "see and download quarantined messages, configure how plain messages are read, rename devices, set how series are shown, change annotations of others",
  "telemetry.delete": "delete readings, series, and devices with all their readings",
  "dashboards.own": "create, change and delete your own dashboards and saved questions",
  "dashboards.share": "share dashboards and saved questions with everybody, change and delete shared ones, and make links with which anybody sees a shared dashboard",
  "annotations.write": "add annotations, and change and delete your own",
  "accounts.read": "list accounts",
  "accounts.manage": "invite, change, disable and delete accounts, including administrators; this allows everything that an administrator may do",
  "sessions.manage": "see and end the sessions and API keys of every account, reset second factors, and require them by role",
  "collectors.read": "list collectors",
  "collectors.manage": "create, enrol, disable and delete collectors, and replace their credentials",
  "collectors.command": "send commands to collectors: restart, collect now, set the interval, pause and resume the replay, resynchronise the mirror, run the doctor, fetch the log",
  "mirror.read": "see which accounts each collector holds for offline sign-in, and how far its mirror is",
  "mirror.manage": "choose who may sign in at which collectors, and repair, rekey or wipe a collector's mirror",
  "keys.rotate": "rotate the keys that sign access tokens",
  "audit.read": "read the audit trail",
  "system.manage": "open the administration page; change how long readings are kept, and the name, logo and colour of the pages; test the mail settings",
  "incidents.manage": "report incidents on the status page, and change, close and delete them",
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
    "dashboards.own",
    "dashboards.share",
    "annotations.write",
    "accounts.read",
    "accounts.manage",
    "sessions.manage",
    "collectors.read",
    "collectors.manage",
    "collectors.command",
    "mirror.read",
    "mirror.manage",
    "keys.rotate",
    "audit.read",
    "system.manage",
    "incidents.manage",
  ],
  user: [
    "profile.own",
    "sessions.own",
    "api_keys.own",
    "telemetry.read",
    "telemetry.export",
    "dashboards.own",
    "annotations.write",
  ],
  viewer: [
    "profile.own",
    "sessions.own",
    "telemetry.read",
  ],
};
