// Generated from docs/api/sync.openapi.json by `make generate`. Do not edit.

export type paths = {
    readonly "/api/sync/accounts/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_mirrored_account"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_sync_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/audit.csv": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["export_sync_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/audit/verification": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["verify_sync_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/collectors": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_mirrors"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/collectors/{device}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_mirror"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/collectors/{device}/held": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_held"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/collectors/{device}/rekey": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["rekey_mirror"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/collectors/{device}/resync": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["resync_mirror"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/collectors/{device}/wipe": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["wipe_mirror"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/entitlement": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_entitlement"];
        readonly put: operations["update_entitlement"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/entitlement/preview": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["preview_entitlement"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/incidents": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_incidents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/policy": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_mirror_policy"];
        readonly put: operations["update_mirror_policy"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/users": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_users_set"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/sync/users/accept": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["accept_users_set"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
};
export type webhooks = Record<string, never>;
export type components = {
    schemas: {
        readonly Acceptance: {
            readonly confirm: number;
        };
        readonly AuditHeadView: {
            readonly hash: string;
            readonly n: number;
        };
        readonly AuditPage: {
            readonly head: components["schemas"]["AuditHeadView"];
            readonly items: readonly components["schemas"]["AuditRecordView"][];
            readonly next: number | null;
        };
        readonly AuditRecordView: {
            readonly actor: string | null;
            readonly address: string | null;
            readonly after: {
                readonly [key: string]: unknown;
            } | null;
            /** Format: date-time */
            readonly at: string;
            readonly before: {
                readonly [key: string]: unknown;
            } | null;
            readonly kind: string;
            readonly n: number;
            readonly request_id: string | null;
            readonly target: string | null;
        };
        readonly AuditVerificationView: {
            /** Format: date-time */
            readonly at: string;
            readonly broken: number | null;
            readonly fault: string | null;
            readonly head: components["schemas"]["AuditHeadView"];
            readonly is_complete: boolean;
            readonly verified: components["schemas"]["AuditHeadView"];
        };
        readonly ChangeCount: {
            readonly accounts: number;
            readonly collectors: number;
            readonly pairs: readonly components["schemas"]["PairView"][];
        };
        readonly ContentView: {
            /** Format: uuid */
            readonly account: string;
            readonly acknowledged: string | null;
            /** Format: date-time */
            readonly changed: string;
            readonly email: string | null;
            readonly has: number | null;
            readonly has_verifier: boolean;
            readonly is_acknowledged: boolean;
            readonly name: string | null;
            readonly role: ("admin" | "user" | "viewer") | null;
            /** @enum {string} */
            readonly state: "live" | "revoked";
            readonly version: number;
        };
        readonly CurrentVersion: {
            readonly updated_at: string | null;
            readonly updated_by: string | null;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly EntitlementBody: {
            /** @default false */
            readonly allow_unmatched?: boolean;
            readonly rules: readonly components["schemas"]["RuleBody"][];
        };
        readonly EntitlementChange: {
            /** @default false */
            readonly allow_unmatched?: boolean;
            /** @default false */
            readonly force?: boolean;
            readonly rules: readonly components["schemas"]["RuleBody"][];
        };
        readonly EntitlementView: {
            readonly changes?: number | null;
            readonly rules: readonly components["schemas"]["RuleView"][];
        };
        readonly FieldProblem: {
            readonly loc: readonly string[];
            readonly msg: string;
        };
        readonly FleetPage: {
            readonly counts: {
                readonly [key: string]: number;
            };
            readonly items: readonly components["schemas"]["MirrorView"][];
            readonly key_trusted_since: string | null;
            readonly next: string | null;
            readonly total: number;
            readonly up_to_date: number;
        };
        readonly HeldAccount: {
            /** Format: uuid */
            readonly account: string;
            readonly email: string;
            readonly is_active: boolean;
            readonly name: string;
            /** @enum {string} */
            readonly role: "admin" | "user" | "viewer";
        };
        readonly HeldList: {
            readonly device: string;
            readonly generation: number;
            readonly items: readonly components["schemas"]["HeldAccount"][];
            readonly next: string | null;
            readonly total: number;
        };
        readonly IncidentPage: {
            readonly items: readonly components["schemas"]["IncidentView"][];
            readonly next: number | null;
        };
        readonly IncidentView: {
            /** Format: date-time */
            readonly at: string;
            readonly detail: string;
            readonly device: string;
            readonly id: number;
            readonly kind: string;
        };
        readonly LeaseView: {
            readonly admin_s: number;
            readonly user_s: number;
        };
        readonly MirrorDetail: {
            readonly accounts: readonly components["schemas"]["ContentView"][];
            readonly behind: number;
            readonly checked: string | null;
            readonly device: string;
            readonly held: number;
            readonly is_rekeying: boolean;
            readonly last_heartbeat: string | null;
            readonly lease_left: components["schemas"]["LeaseView"];
            readonly name: string;
            readonly next: string | null;
            readonly seen: string | null;
            readonly since: string | null;
            readonly site: string;
            /** @enum {string} */
            readonly state: "in_sync" | "behind" | "never" | "rolled_back" | "wiped" | "unmanaged";
            /** Format: date-time */
            readonly state_since: string;
            readonly tags: readonly string[];
        };
        readonly MirrorView: {
            readonly behind: number;
            readonly checked: string | null;
            readonly device: string;
            readonly held: number;
            readonly is_rekeying: boolean;
            readonly name: string;
            readonly seen: string | null;
            readonly since: string | null;
            readonly site: string;
            /** @enum {string} */
            readonly state: "in_sync" | "behind" | "never" | "rolled_back" | "wiped" | "unmanaged";
            /** Format: date-time */
            readonly state_since: string;
            readonly tags: readonly string[];
        };
        readonly MirroredAccountView: {
            /** Format: uuid */
            readonly account: string;
            readonly can_sign_in_offline: boolean;
            readonly collectors: readonly components["schemas"]["PlaceView"][];
            readonly detail: string | null;
            readonly email: string;
            readonly lease_s: number;
            readonly name: string;
            readonly reason: ("disabled" | "deleted" | "older_at_users" | "viewer" | "not_entitled" | "no_verifier" | "lease_is_zero" | "never_synchronised") | null;
            /** @enum {string} */
            readonly role: "admin" | "user" | "viewer";
            readonly total: number;
            readonly up_to_date: number;
            readonly version: number;
        };
        readonly Ordered: {
            readonly device: string;
            /** @enum {string} */
            readonly state: "in_sync" | "behind" | "never" | "rolled_back" | "wiped" | "unmanaged";
        };
        readonly PairView: {
            /** Format: uuid */
            readonly account: string;
            readonly device: string;
        };
        readonly PlaceView: {
            readonly acknowledged: string | null;
            /** Format: date-time */
            readonly changed: string;
            /** @enum {string} */
            readonly collector_state: "enabled" | "disabled" | "lost" | "deleted";
            readonly device: string;
            readonly has: number | null;
            readonly has_verifier: boolean;
            readonly is_acknowledged: boolean;
            readonly name: string;
            readonly site: string;
            /** @enum {string} */
            readonly state: "live" | "revoked";
            readonly version: number;
        };
        readonly PolicyBody: {
            readonly admin_lease_s: number;
            readonly user_lease_s: number;
        };
        readonly PreviewView: {
            readonly gained: components["schemas"]["ChangeCount"];
            readonly locked_sites: readonly string[];
            readonly lost: components["schemas"]["ChangeCount"];
            readonly summary: string;
        };
        readonly Problem: {
            /** @default null */
            readonly challenge?: string | null;
            readonly code: string;
            /** @default null */
            readonly current?: components["schemas"]["CurrentVersion"] | null;
            readonly detail: string;
            /** @default null */
            readonly errors?: readonly components["schemas"]["FieldProblem"][] | null;
            /** @default null */
            readonly problems?: readonly string[] | null;
            readonly request_id: string | null;
            /** @default null */
            readonly rows?: readonly {
                readonly [key: string]: string;
            }[] | null;
            readonly status: number;
            readonly title: string;
            readonly type: string;
        };
        readonly RuleBody: {
            /** @enum {string} */
            readonly effect: "allow" | "deny";
            readonly place: string;
            readonly subject: string;
        };
        readonly RuleView: {
            /** @enum {string} */
            readonly effect: "allow" | "deny";
            /** @enum {string} */
            readonly origin: "administrator" | "adopted" | "restored";
            readonly place: string;
            readonly subject: string;
        };
        readonly UsersView: {
            readonly announced: string | null;
            readonly kept: number;
            readonly missing: number;
            readonly older: number;
            readonly revoked: number;
            /** @enum {string} */
            readonly state: "current" | "behind" | "not_heard" | "restored";
        };
        readonly WipeOrder: {
            readonly confirm: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
};
export type $defs = Record<string, never>;
export interface operations {
    readonly get_mirrored_account: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MirroredAccountView"];
                };
            };
        };
    };
    readonly list_sync_audit: {
        readonly parameters: {
            readonly query?: {
                readonly before?: number | null;
                readonly limit?: number;
                readonly kind?: string | null;
                readonly actor?: string | null;
                readonly target?: string | null;
                readonly since?: string | null;
                readonly until?: string | null;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AuditPage"];
                };
            };
        };
    };
    readonly export_sync_audit: {
        readonly parameters: {
            readonly query?: {
                readonly kind?: string | null;
                readonly actor?: string | null;
                readonly target?: string | null;
                readonly since?: string | null;
                readonly until?: string | null;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/csv": string;
                };
            };
        };
    };
    readonly verify_sync_audit: {
        readonly parameters: {
            readonly query?: {
                readonly after?: number;
                readonly hash?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AuditVerificationView"];
                };
            };
        };
    };
    readonly list_mirrors: {
        readonly parameters: {
            readonly query?: {
                readonly state?: ("in_sync" | "behind" | "never" | "rolled_back" | "wiped" | "unmanaged") | null;
                readonly after?: string | null;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["FleetPage"];
                };
            };
        };
    };
    readonly get_mirror: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string | null;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MirrorDetail"];
                };
            };
        };
    };
    readonly list_held: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string | null;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["HeldList"];
                };
            };
        };
    };
    readonly rekey_mirror: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Ordered"];
                };
            };
        };
    };
    readonly resync_mirror: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Ordered"];
                };
            };
        };
    };
    readonly wipe_mirror: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["WipeOrder"];
            };
        };
        readonly responses: {
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Ordered"];
                };
            };
        };
    };
    readonly get_entitlement: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EntitlementView"];
                };
            };
        };
    };
    readonly update_entitlement: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["EntitlementChange"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["EntitlementView"];
                };
            };
        };
    };
    readonly preview_entitlement: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["EntitlementBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PreviewView"];
                };
            };
        };
    };
    readonly list_incidents: {
        readonly parameters: {
            readonly query?: {
                readonly device?: string | null;
                readonly before?: number | null;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["IncidentPage"];
                };
            };
        };
    };
    readonly get_mirror_policy: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PolicyBody"];
                };
            };
        };
    };
    readonly update_mirror_policy: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["PolicyBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PolicyBody"];
                };
            };
        };
    };
    readonly get_users_set: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UsersView"];
                };
            };
        };
    };
    readonly accept_users_set: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Acceptance"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UsersView"];
                };
            };
        };
    };
}
