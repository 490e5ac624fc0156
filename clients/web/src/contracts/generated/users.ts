// Generated from docs/api/users.openapi.json by `make generate`. Do not edit.

export type paths = {
    readonly "/api/profile": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_profile"];
        readonly put: operations["update_profile"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/profile/password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["change_password"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/profile/preferences": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_preferences"];
        readonly put: operations["update_preferences"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_users"];
        readonly put?: never;
        readonly post: operations["create_user"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_users_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/audit.csv": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["export_users_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/audit/verification": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["verify_users_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/brand": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_brand"];
        readonly put: operations["update_brand"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/brand/logo": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_brand_logo"];
        readonly put: operations["update_brand_logo"];
        readonly post?: never;
        readonly delete: operations["delete_brand_logo"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/bulk": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["bulk_users"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/bulk-preview": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["preview_bulk_users"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/link-owner": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["get_link_owner"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/mail": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_mail_settings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/mail/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["test_mail"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/password-reset": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["request_password_reset"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/password-strength": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["password_strength"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/set-password": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["set_password"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_user"];
        readonly put: operations["update_user"];
        readonly post?: never;
        readonly delete: operations["delete_user"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/{id}/invitation": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["invite_user"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/{id}/reset": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["reset_user"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/users/{id}/toggle-status": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put: operations["toggle_user_status"];
        readonly post?: never;
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
        readonly AccentBody: {
            readonly dark: string;
            readonly light: string;
        };
        readonly AccountCreate: {
            readonly email: string;
            readonly name: string;
            readonly password?: string | null;
            /**
             * @default user
             * @enum {string}
             */
            readonly role?: "admin" | "user" | "viewer";
        };
        readonly AccountPage: {
            readonly items: readonly components["schemas"]["AccountView"][];
            readonly next: string | null;
            readonly total: number;
        };
        readonly AccountUpdate: {
            readonly email: string;
            readonly name: string;
            /** @enum {string} */
            readonly role: "admin" | "user" | "viewer";
        };
        readonly AccountView: {
            readonly active: boolean;
            /** Format: date-time */
            readonly created_at: string;
            readonly email: string;
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            /** @enum {string} */
            readonly role: "admin" | "user" | "viewer";
            /** @enum {string} */
            readonly state: "active" | "inactive" | "invited";
            /** Format: date-time */
            readonly updated_at: string;
            readonly version: number;
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
        readonly BrandBody: {
            readonly accent: components["schemas"]["AccentBody"] | null;
            readonly name: string | null;
        };
        readonly BrandView: {
            readonly accent: components["schemas"]["AccentBody"] | null;
            readonly logo: string | null;
            readonly name: string | null;
            readonly product: string;
            readonly updated_at: string | null;
            readonly version: number;
        };
        readonly BulkChange: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly action: "activate" | "deactivate" | "delete" | "expire_password";
            readonly ids: readonly string[];
            readonly versions?: {
                readonly [key: string]: number;
            };
        };
        readonly BulkForecast: {
            readonly rows: readonly components["schemas"]["ForecastView"][];
            readonly would_succeed: boolean;
        };
        readonly BulkReport: {
            readonly rows: readonly components["schemas"]["RowView"][];
        };
        readonly BulkRole: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly action: "set_role";
            readonly ids: readonly string[];
            /** @enum {string} */
            readonly role: "admin" | "user" | "viewer";
            readonly versions?: {
                readonly [key: string]: number;
            };
        };
        readonly CurrentVersion: {
            readonly updated_at: string | null;
            readonly updated_by: string | null;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly DevicesView: {
            readonly hidden: readonly ("site" | "state" | "backlog" | "lag" | "clock" | "version" | "promise" | "series" | "mirror" | "seen")[];
            readonly name: string;
            readonly search: string;
            /** @default  */
            readonly site?: string;
            /** @enum {string} */
            readonly sort: "state" | "name" | "backlog" | "seen" | "-state" | "-name" | "-backlog" | "-seen";
            /**
             * @default all
             * @enum {string}
             */
            readonly state?: "all" | "online" | "offline" | "catching_up" | "nearly_full" | "buffer_full" | "clock_wrong" | "two_machines" | "not_enrolled" | "no_readings" | "disabled" | "lost" | "seen" | "unknown";
            /** @default  */
            readonly tag?: string;
            /** @enum {string} */
            readonly view: "all" | "attention" | "collectors" | "plain";
        };
        readonly FieldProblem: {
            readonly loc: readonly string[];
            readonly msg: string;
        };
        readonly ForecastView: {
            readonly detail: string;
            /** Format: uuid */
            readonly id: string;
            readonly is_change: boolean;
            /** @enum {string} */
            readonly outcome: "ok" | "not_found" | "own_account" | "last_administrator" | "precondition_failed";
            readonly version: number | null;
        };
        readonly LinkOwnerView: {
            readonly email: string;
            readonly name: string;
        };
        readonly LinkRequest: {
            /** @default false */
            readonly mail?: boolean;
        };
        readonly LinkToken: {
            readonly token: string;
        };
        readonly LinkView: {
            /** Format: date-time */
            readonly expires_at: string;
            readonly link: string;
            readonly mailed: boolean;
        };
        readonly MailServerView: {
            /** @enum {string} */
            readonly encryption: "starttls" | "tls" | "none";
            readonly has_password: boolean;
            readonly host: string;
            readonly port: number;
            readonly sender: string;
        };
        readonly MailTestView: {
            /** @enum {string} */
            readonly outcome: "accepted" | "rejected" | "failed";
            readonly reason: string;
            readonly to: string;
        };
        readonly MailView: {
            readonly server: components["schemas"]["MailServerView"] | null;
        };
        readonly PasswordChange: {
            readonly current: string;
            readonly new: string;
        };
        readonly PasswordSet: {
            readonly password: string;
            readonly token: string;
        };
        readonly PreferencesBody: {
            /**
             * @default language
             * @enum {string}
             */
            readonly decimal_sign?: "language" | "point" | "comma";
            readonly language?: ("en" | "de") | null;
            /**
             * @default system
             * @enum {string}
             */
            readonly theme?: "system" | "light" | "dark";
            readonly time_zone?: string | null;
            readonly units?: ("declared" | "metric" | "imperial") | null;
            readonly views?: components["schemas"]["SavedViews"] | null;
        };
        readonly PreferencesView: {
            /** @enum {string} */
            readonly decimal_sign: "language" | "point" | "comma";
            readonly language: ("en" | "de") | null;
            /** @enum {string} */
            readonly theme: "system" | "light" | "dark";
            readonly time_zone: string | null;
            /** @enum {string} */
            readonly units: "declared" | "metric" | "imperial";
            readonly views: components["schemas"]["SavedViews"];
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
        readonly ProfileUpdate: {
            readonly current_password?: string | null;
            readonly email?: string | null;
            readonly name: string;
        };
        readonly ResetRequestBody: {
            readonly email: string;
        };
        readonly RowView: {
            readonly detail: string;
            /** Format: uuid */
            readonly id: string;
            /** @enum {string} */
            readonly outcome: "ok" | "not_found" | "own_account" | "last_administrator" | "precondition_failed";
            readonly version: number | null;
        };
        readonly SavedViews: {
            readonly devices: readonly components["schemas"]["DevicesView"][];
            readonly users: readonly components["schemas"]["UsersView"][];
        };
        readonly StrengthRequest: {
            /** @default  */
            readonly email?: string;
            /** @default  */
            readonly name?: string;
            readonly password: string;
            readonly token?: string | null;
        };
        readonly StrengthView: {
            readonly fit: boolean;
            readonly max_length: number;
            readonly min_length: number;
            readonly problems: readonly ("too_short" | "too_long" | "not_text" | "common" | "pattern" | "contains_context")[];
            readonly score: number;
        };
        readonly UsersView: {
            readonly hidden: readonly ("role" | "state" | "factor" | "lastActive" | "created" | "updated")[];
            readonly name: string;
            readonly role: ("admin" | "user" | "viewer") | "all";
            readonly search: string;
            /** @enum {string} */
            readonly sort: "name" | "-name" | "created" | "-created" | "updated" | "-updated";
            /** @enum {string} */
            readonly state: "all" | "active" | "invited" | "inactive";
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
    readonly get_profile: {
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
                    readonly "application/json": components["schemas"]["AccountView"];
                };
            };
        };
    };
    readonly update_profile: {
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
                readonly "application/json": components["schemas"]["ProfileUpdate"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccountView"];
                };
            };
        };
    };
    readonly change_password: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["PasswordChange"];
            };
        };
        readonly responses: {
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_preferences: {
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
                    readonly "application/json": components["schemas"]["PreferencesView"];
                };
            };
        };
    };
    readonly update_preferences: {
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
                readonly "application/json": components["schemas"]["PreferencesBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PreferencesView"];
                };
            };
        };
    };
    readonly list_users: {
        readonly parameters: {
            readonly query?: {
                readonly limit?: number;
                readonly cursor?: string | null;
                readonly search?: string | null;
                readonly role?: ("admin" | "user" | "viewer") | null;
                readonly state?: ("active" | "inactive" | "invited") | null;
                readonly sort?: "name" | "-name" | "email" | "-email" | "created" | "-created" | "updated" | "-updated";
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
                    readonly "application/json": components["schemas"]["AccountPage"];
                };
            };
        };
    };
    readonly create_user: {
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
                readonly "application/json": components["schemas"]["AccountCreate"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccountView"];
                };
            };
        };
    };
    readonly list_users_audit: {
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
    readonly export_users_audit: {
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
    readonly verify_users_audit: {
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
    readonly get_brand: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-None-Match"?: string | null;
            };
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
                    readonly "application/json": components["schemas"]["BrandView"];
                };
            };
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly update_brand: {
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
                readonly "application/json": components["schemas"]["BrandBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BrandView"];
                };
            };
        };
    };
    readonly get_brand_logo: {
        readonly parameters: {
            readonly query?: {
                readonly version?: number | null;
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
                    readonly "image/jpeg": string;
                    readonly "image/png": string;
                    readonly "image/webp": string;
                };
            };
        };
    };
    readonly update_brand_logo: {
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
                readonly "image/jpeg": string;
                readonly "image/png": string;
                readonly "image/webp": string;
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BrandView"];
                };
            };
        };
    };
    readonly delete_brand_logo: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
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
                    readonly "application/json": components["schemas"]["BrandView"];
                };
            };
        };
    };
    readonly bulk_users: {
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
                readonly "application/json": components["schemas"]["BulkChange"] | components["schemas"]["BulkRole"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkReport"];
                };
            };
        };
    };
    readonly preview_bulk_users: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["BulkChange"] | components["schemas"]["BulkRole"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkForecast"];
                };
            };
        };
    };
    readonly get_link_owner: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["LinkToken"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LinkOwnerView"];
                };
            };
        };
    };
    readonly get_mail_settings: {
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
                    readonly "application/json": components["schemas"]["MailView"];
                };
            };
        };
    };
    readonly test_mail: {
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
                    readonly "application/json": components["schemas"]["MailTestView"];
                };
            };
        };
    };
    readonly request_password_reset: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ResetRequestBody"];
            };
        };
        readonly responses: {
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly password_strength: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["StrengthRequest"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StrengthView"];
                };
            };
        };
    };
    readonly set_password: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["PasswordSet"];
            };
        };
        readonly responses: {
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_user: {
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
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccountView"];
                };
            };
        };
    };
    readonly update_user: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["AccountUpdate"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AccountView"];
                };
            };
        };
    };
    readonly delete_user: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly invite_user: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["LinkRequest"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LinkView"];
                };
            };
        };
    };
    readonly reset_user: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string | null;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["LinkRequest"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LinkView"];
                };
            };
        };
    };
    readonly toggle_user_status: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                readonly id: string;
            };
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
                    readonly "application/json": components["schemas"]["AccountView"];
                };
            };
        };
    };
}
