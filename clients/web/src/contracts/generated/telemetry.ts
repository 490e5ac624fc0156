// Generated from docs/api/telemetry.openapi.json by `make generate`. Do not edit.

export type paths = {
    readonly "/api/telemetry/annotations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_annotations"];
        readonly put?: never;
        readonly post: operations["create_annotation"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/annotations/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_annotation"];
        readonly put: operations["update_annotation"];
        readonly post?: never;
        readonly delete: operations["delete_annotation"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/audit": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_telemetry_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/audit.csv": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["export_telemetry_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/audit/verification": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["verify_telemetry_audit"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/availability": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_availability"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/certificates": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_certificates"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/dashboards": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_dashboards"];
        readonly put?: never;
        readonly post: operations["create_dashboard"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/dashboards/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_dashboard"];
        readonly put: operations["update_dashboard"];
        readonly post?: never;
        readonly delete: operations["delete_dashboard"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/dashboards/{id}/links": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_share_links"];
        readonly put?: never;
        readonly post: operations["create_share_link"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/dashboards/{id}/links/{link}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["revoke_share_link"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/dashboards/{id}/versions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_dashboard_versions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/dashboards/{id}/versions/{version}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_dashboard_version"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_devices"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices/{device}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete_device"];
        readonly options?: never;
        readonly head?: never;
        readonly patch: operations["rename_device"];
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices/{device}/commands": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_commands"];
        readonly put?: never;
        readonly post: operations["send_command"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices/{device}/commands/{command}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_command"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices/{device}/connections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_device_connections"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices/{device}/ledger": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_ledger"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/devices/{device}/plain": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_plain_settings"];
        readonly put: operations["change_plain_settings"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["export_readings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/incidents": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_reported_incidents"];
        readonly put?: never;
        readonly post: operations["report_incident"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/incidents/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_reported_incident"];
        readonly put: operations["update_reported_incident"];
        readonly post?: never;
        readonly delete: operations["delete_reported_incident"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/intake": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_intake"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/plain-presets": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_plain_presets"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/quarantine": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_quarantine"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/quarantine/reasons": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_quarantine_reasons"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/quarantine/{number}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["download_quarantined"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/questions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_questions"];
        readonly put?: never;
        readonly post: operations["create_question"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/questions/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_question"];
        readonly put: operations["update_question"];
        readonly post?: never;
        readonly delete: operations["delete_question"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/readings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["align_readings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/retention": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_retention"];
        readonly put: operations["update_retention"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/retention/preview": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post: operations["preview_retention"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/series": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_series"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/series/{series_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete_series"];
        readonly options?: never;
        readonly head?: never;
        readonly patch: operations["rename_series"];
        readonly trace?: never;
    };
    readonly "/api/telemetry/series/{series_id}/display": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_series_display"];
        readonly put: operations["update_series_display"];
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/series/{series_id}/readings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_readings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete: operations["delete_readings"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/shared": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_shared_dashboard"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/shared/readings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_shared_readings_of_several"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/shared/series/{series_id}/readings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_shared_readings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/storage": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["get_storage"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/telemetry/units": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get: operations["list_units"];
        readonly put?: never;
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
        readonly AlignedSeries: {
            readonly first: readonly (boolean | number | null)[];
            readonly last: readonly (boolean | number | null)[];
            readonly max: readonly (boolean | number | null)[];
            readonly mean: readonly (number | null)[];
            readonly min: readonly (boolean | number | null)[];
            readonly n: readonly number[];
            readonly series: number;
        };
        readonly AlignedView: {
            readonly ahead_from: number | null;
            readonly clock_suspect: boolean;
            readonly from: number;
            readonly items: readonly components["schemas"]["AlignedSeries"][];
            readonly late: number;
            /** @enum {string} */
            readonly level: "raw" | "1m" | "1h";
            readonly t: readonly number[];
            readonly to: number;
            readonly unreadable: number;
            readonly width: number;
        };
        readonly AllSeries: {
            readonly items: readonly components["schemas"]["SeriesView"][];
            readonly next: string | null;
            readonly total: number | null;
            readonly truncated: boolean;
        };
        readonly AnnotationBody: {
            readonly t: number;
            readonly text: string;
            readonly until: number | null;
        };
        readonly AnnotationPage: {
            readonly items: readonly components["schemas"]["AnnotationView"][];
            readonly next: string | null;
        };
        readonly AnnotationView: {
            readonly author: string;
            readonly author_name: string;
            /** Format: date-time */
            readonly created_at: string;
            readonly device: string | null;
            /** Format: uuid */
            readonly id: string;
            readonly series: number | null;
            readonly t: number;
            readonly text: string;
            readonly until: number | null;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
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
        readonly AvailabilityView: {
            readonly outages: readonly components["schemas"]["OutageView"][];
            readonly services: readonly components["schemas"]["ServiceAvailabilityView"][];
        };
        readonly Axis: {
            readonly max: number | null;
            readonly min: number | null;
            /** @enum {string} */
            readonly mode: "auto" | "fixed" | "log";
        };
        readonly CertificateView: {
            /** Format: date-time */
            readonly expires_at: string;
            readonly name: string;
            /** Format: date-time */
            readonly starts_at: string;
        };
        readonly CertificatesView: {
            readonly broker_authorities: readonly components["schemas"]["CertificateView"][];
            readonly broker_certificate: components["schemas"]["CertificateView"] | null;
            readonly broker_is_encrypted: boolean;
        };
        readonly ChartPanel: {
            readonly axis: components["schemas"]["Axis"];
            readonly decimals: number | null;
            readonly h: number;
            readonly id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly kind: "chart";
            readonly limits: readonly components["schemas"]["Limit"][];
            readonly series: readonly number[];
            readonly shade: boolean;
            readonly show_table: boolean;
            readonly title: string;
            readonly unit: string | null;
            readonly w: number;
            readonly x: number;
            readonly y: number;
        };
        readonly CommandBody: {
            /** @enum {string} */
            readonly action: "restart" | "collect_now" | "set_interval" | "pause_replay" | "resume_replay" | "resync_mirror" | "run_doctor" | "fetch_log";
            readonly lines?: number | null;
            readonly seconds?: number | null;
        };
        readonly CommandHistory: {
            readonly items: readonly components["schemas"]["CommandView"][];
            readonly next: number | null;
        };
        readonly CommandView: {
            /** @enum {string} */
            readonly action: "restart" | "collect_now" | "set_interval" | "pause_replay" | "resume_replay" | "resync_mirror" | "run_doctor" | "fetch_log";
            readonly actor: string | null;
            readonly answered_at: string | null;
            /** Format: date-time */
            readonly expires_at: string;
            /** Format: uuid */
            readonly id: string;
            readonly lines: number | null;
            readonly output: string;
            readonly reason: string;
            /** Format: date-time */
            readonly requested_at: string;
            readonly seconds: number | null;
            readonly state: ("accepted" | "refused" | "done" | "failed") | "unknown" | ("sent" | "no_answer");
        };
        readonly ConnectionEventView: {
            /** Format: date-time */
            readonly at: string;
            readonly id: string;
            readonly online: boolean;
        };
        readonly ConnectionEvents: {
            readonly items: readonly components["schemas"]["ConnectionEventView"][];
            readonly next: string | null;
        };
        readonly CurrentVersion: {
            readonly updated_at: string | null;
            readonly updated_by: string | null;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly DashboardBody: {
            readonly name: string;
            readonly panels: readonly (components["schemas"]["ChartPanel"] | components["schemas"]["NumberPanel"] | components["schemas"]["GaugePanel"] | components["schemas"]["SwitchPanel"] | components["schemas"]["TablePanel"] | components["schemas"]["TextPanel"])[];
            readonly shared: boolean;
        };
        readonly DashboardPage: {
            readonly items: readonly components["schemas"]["DashboardSummary"][];
            readonly next: string | null;
        };
        readonly DashboardSummary: {
            /** Format: date-time */
            readonly created_at: string;
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly owner: string;
            readonly owner_name: string;
            readonly panel_count: number;
            readonly shared: boolean;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly DashboardVersionSummary: {
            readonly name: string;
            readonly panel_count: number;
            readonly shared: boolean;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly DashboardVersionView: {
            readonly name: string;
            readonly panel_count: number;
            readonly panels: readonly (components["schemas"]["ChartPanel"] | components["schemas"]["NumberPanel"] | components["schemas"]["GaugePanel"] | components["schemas"]["SwitchPanel"] | components["schemas"]["TablePanel"] | components["schemas"]["TextPanel"])[];
            readonly shared: boolean;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly DashboardVersions: {
            readonly items: readonly components["schemas"]["DashboardVersionSummary"][];
        };
        readonly DashboardView: {
            /** Format: date-time */
            readonly created_at: string;
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly owner: string;
            readonly owner_name: string;
            readonly panel_count: number;
            readonly panels: readonly (components["schemas"]["ChartPanel"] | components["schemas"]["NumberPanel"] | components["schemas"]["GaugePanel"] | components["schemas"]["SwitchPanel"] | components["schemas"]["TablePanel"] | components["schemas"]["TextPanel"])[];
            readonly shared: boolean;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly DeviceNameChange: {
            readonly name: string | null;
        };
        readonly DeviceView: {
            readonly buffer_fill: number | null;
            readonly clock_offset_us: number | null;
            readonly clock_suspect: boolean;
            readonly cloned: boolean;
            readonly dropped: number;
            readonly full_at: string | null;
            readonly id: string;
            readonly lag_us: number | null;
            readonly last_seen_at: string | null;
            readonly name: string;
            readonly oldest_waiting: string | null;
            readonly online: boolean | null;
            /** @enum {string} */
            readonly promise: "exactly_once" | "at_least_once";
            readonly quarantined: number;
            readonly series_count: number;
            readonly version: string;
            readonly waiting: number | null;
        };
        readonly Devices: {
            readonly items: readonly components["schemas"]["DeviceView"][];
            readonly next: string | null;
        };
        readonly EpochView: {
            readonly complete: boolean;
            readonly counted: boolean;
            readonly dropped: number;
            readonly epoch: string;
            readonly missing: readonly (readonly [
                number,
                number
            ])[];
            readonly next: number;
            readonly ord: number;
            readonly refused: number;
            readonly removed: number;
            readonly settled: readonly (readonly [
                number,
                number
            ])[];
            readonly stored: number;
        };
        readonly ErasedView: {
            readonly dry_run: boolean;
            readonly readings: number;
            readonly series: number;
        };
        readonly FieldProblem: {
            readonly loc: readonly string[];
            readonly msg: string;
        };
        readonly GaugePanel: {
            readonly decimals: number | null;
            readonly h: number;
            readonly id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly kind: "gauge";
            readonly limits: readonly components["schemas"]["Limit"][];
            readonly max: number;
            readonly min: number;
            readonly series: number | null;
            readonly title: string;
            readonly unit: string | null;
            readonly w: number;
            readonly x: number;
            readonly y: number;
        };
        readonly IncidentBody: {
            readonly ended_at: string | null;
            readonly services: readonly ("users" | "auth" | "telemetry-gateway" | "sync-publisher" | "broker" | "database")[];
            /** Format: date-time */
            readonly started_at: string;
            readonly text: string;
            readonly title: string;
        };
        readonly IncidentPage: {
            readonly items: readonly components["schemas"]["IncidentView"][];
            readonly next: string | null;
        };
        readonly IncidentView: {
            /** Format: date-time */
            readonly created_at: string;
            readonly created_by: string;
            readonly created_by_name: string;
            readonly ended_at: string | null;
            /** Format: uuid */
            readonly id: string;
            readonly services: readonly ("users" | "auth" | "telemetry-gateway" | "sync-publisher" | "broker" | "database")[];
            /** Format: date-time */
            readonly started_at: string;
            readonly text: string;
            readonly title: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly IntakeView: {
            readonly devices_known: number;
            readonly devices_online: number;
            readonly oldest_waiting_at: string | null;
            readonly readings_per_second: number | null;
            readonly stored_after_seconds: number | null;
            readonly stored_after_seconds_p99: number | null;
            readonly waiting: number;
        };
        readonly LatestView: {
            readonly ahead: boolean;
            readonly t: number;
            readonly v: boolean | number;
        };
        readonly Ledger: {
            readonly device: string;
            readonly epochs: readonly components["schemas"]["EpochView"][];
            readonly next: string | null;
            readonly truncated: boolean;
        };
        readonly Limit: {
            /** @enum {string} */
            readonly direction: "above" | "below";
            /** @enum {string} */
            readonly severity: "warning" | "critical";
            readonly value: number;
        };
        readonly MessageView: {
            readonly address: string;
            readonly code: string;
            readonly detail: string;
            readonly id: number;
            /** Format: date-time */
            readonly received: string;
            readonly size: number;
        };
        readonly Messages: {
            readonly items: readonly components["schemas"]["MessageView"][];
            readonly next: number | null;
        };
        readonly NewAnnotation: {
            readonly device: string | null;
            readonly series: number | null;
            readonly t: number;
            readonly text: string;
            readonly until: number | null;
        };
        readonly NewShareLinkView: {
            /** Format: date-time */
            readonly created_at: string;
            readonly created_by: string;
            readonly created_by_name: string;
            readonly embeddable: boolean;
            /** Format: date-time */
            readonly expires_at: string;
            /** Format: uuid */
            readonly id: string;
            readonly last_used_at: string | null;
            readonly name: string;
            readonly revoked_at: string | null;
            readonly revoked_by: string | null;
            /** @enum {string} */
            readonly state: "valid" | "expired" | "revoked";
            readonly token: string;
        };
        readonly NumberPanel: {
            readonly decimals: number | null;
            readonly h: number;
            readonly id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly kind: "number";
            readonly limits: readonly components["schemas"]["Limit"][];
            readonly series: number | null;
            readonly show_sparkline: boolean;
            readonly title: string;
            readonly unit: string | null;
            readonly w: number;
            readonly x: number;
            readonly y: number;
        };
        readonly OutageView: {
            /** @enum {string} */
            readonly service: "users" | "auth" | "telemetry-gateway" | "sync-publisher" | "broker" | "database";
            /** Format: date-time */
            readonly since: string;
            readonly until: string | null;
        };
        readonly PageView: {
            readonly ahead_from: number | null;
            readonly clock_suspect: boolean;
            readonly epoch: readonly string[];
            readonly from: number;
            readonly gaps: readonly (readonly [
                number,
                number
            ])[];
            readonly late: number;
            /** @enum {string} */
            readonly level: "raw" | "1m" | "1h";
            readonly next: string | null;
            readonly seq: readonly number[];
            readonly series: number;
            readonly t: readonly number[];
            readonly to: number;
            readonly unreadable: number;
            readonly v: readonly (boolean | number)[];
        };
        readonly PlainSettingsChange: {
            /** @default [] */
            readonly left_out?: readonly string[];
            readonly preset?: string | null;
            /** @default true */
            readonly takes_text?: boolean;
            /**
             * @default [
             *       "ts",
             *       "time",
             *       "timestamp",
             *       "datetime",
             *       "date_time",
             *       "_time"
             *     ]
             */
            readonly time_keys?: readonly string[];
            /** @default UTC */
            readonly time_zone?: string;
        };
        readonly PlainSettingsView: {
            /** @default [] */
            readonly left_out?: readonly string[];
            /** @default true */
            readonly takes_text?: boolean;
            /**
             * @default [
             *       "ts",
             *       "time",
             *       "timestamp",
             *       "datetime",
             *       "date_time",
             *       "_time"
             *     ]
             */
            readonly time_keys?: readonly string[];
            /** @default UTC */
            readonly time_zone?: string;
        };
        readonly PlainView: {
            readonly settings: components["schemas"]["PlainSettingsView"];
            readonly skipped: readonly components["schemas"]["SkippedView"][];
        };
        readonly PresetView: {
            readonly left_out: readonly string[];
            readonly name: string;
            readonly note: string;
            readonly sample: string;
            readonly time_keys: readonly string[];
            readonly title: string;
        };
        readonly Presets: {
            readonly items: readonly components["schemas"]["PresetView"][];
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
        readonly QuestionBody: {
            readonly name: string;
            readonly query: string;
            readonly shared: boolean;
        };
        readonly QuestionPage: {
            readonly items: readonly components["schemas"]["QuestionView"][];
            readonly next: string | null;
        };
        readonly QuestionView: {
            /** Format: date-time */
            readonly created_at: string;
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly owner: string;
            readonly owner_name: string;
            readonly query: string;
            readonly shared: boolean;
            /** Format: date-time */
            readonly updated_at: string;
            readonly updated_by: string;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly ReadingsView: {
            readonly ahead_from: number | null;
            readonly clock_suspect: boolean;
            readonly from: number;
            readonly gaps: readonly (readonly [
                number,
                number
            ])[];
            readonly late: number;
            /** @enum {string} */
            readonly level: "raw" | "1m" | "1h";
            readonly n: number;
            readonly sampled: boolean;
            readonly series: number;
            readonly t: readonly number[];
            readonly to: number;
            readonly unreadable: number;
            readonly v: readonly (boolean | number)[];
        };
        readonly ReasonView: {
            readonly address: string;
            readonly code: string;
            readonly detail: string;
            /** Format: date-time */
            readonly first_at: string;
            readonly id: number;
            /** Format: date-time */
            readonly last_at: string;
            readonly n: number;
            readonly newest: number | null;
            readonly text: string;
        };
        readonly Reasons: {
            readonly items: readonly components["schemas"]["ReasonView"][];
            readonly next: string | null;
        };
        readonly RetentionBody: {
            readonly hours_days: number | null;
            readonly log_days: number | null;
            readonly minutes_days: number | null;
            readonly raw_days: number | null;
        };
        readonly RetentionLevelView: {
            readonly bytes: number;
            readonly chosen_days: number | null;
            readonly days: number;
            readonly default_days: number;
            /** @enum {string} */
            readonly level: "log" | "raw" | "1m" | "1h";
            readonly max_days: number;
            readonly min_days: number;
            readonly partitions: number;
        };
        readonly RetentionPreviewView: {
            readonly bytes: number;
            readonly devices: number | null;
            readonly levels: readonly components["schemas"]["RetentionRemovalView"][];
            readonly readings: number | null;
        };
        readonly RetentionRemovalView: {
            readonly before: string | null;
            readonly bytes: number;
            readonly kept: number;
            /** @enum {string} */
            readonly level: "log" | "raw" | "1m" | "1h";
            readonly partitions: number;
            readonly readings: number | null;
        };
        readonly RetentionView: {
            readonly levels: readonly components["schemas"]["RetentionLevelView"][];
            readonly updated_at: string | null;
            readonly updated_by: string | null;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly SeriesDisplayBody: {
            readonly decimals: number | null;
            readonly display_name: string | null;
            readonly expected_max: number | null;
            readonly expected_min: number | null;
            readonly limits: readonly components["schemas"]["Limit"][];
            readonly unit: string | null;
        };
        readonly SeriesDisplayView: {
            readonly decimals: number | null;
            readonly declared_name: string;
            readonly declared_unit: string;
            readonly device: string;
            readonly display_name: string | null;
            readonly expected_max: number | null;
            readonly expected_min: number | null;
            readonly limits: readonly components["schemas"]["Limit"][];
            readonly series: number;
            readonly unit: string | null;
            readonly updated_at: string | null;
            readonly updated_by: string | null;
            readonly updated_by_name: string;
            readonly version: number;
        };
        readonly SeriesNameChange: {
            readonly display_name?: string | null;
            readonly unit?: string | null;
        };
        readonly SeriesView: {
            readonly decimals: number | null;
            readonly device: string;
            readonly display_name: string;
            readonly display_unit: string | null;
            readonly expected_max: number | null;
            readonly expected_min: number | null;
            readonly id: number;
            readonly interval_us: number | null;
            readonly latest: components["schemas"]["LatestView"] | null;
            readonly limits: readonly components["schemas"]["Limit"][];
            readonly name: string;
            /** @enum {string} */
            readonly type: "int" | "float" | "bool";
            readonly unit: string;
        };
        readonly ServiceAvailabilityView: {
            readonly days: readonly components["schemas"]["ServiceDayView"][];
            readonly is_up: boolean | null;
            /** @enum {string} */
            readonly service: "users" | "auth" | "telemetry-gateway" | "sync-publisher" | "broker" | "database";
        };
        readonly ServiceDayView: {
            /** Format: date */
            readonly day: string;
            readonly down_seconds: number;
            readonly up_seconds: number;
        };
        readonly ShareLinkBody: {
            /** @default false */
            readonly embeddable?: boolean;
            readonly expires_in_days: number;
            readonly name: string;
        };
        readonly ShareLinkView: {
            /** Format: date-time */
            readonly created_at: string;
            readonly created_by: string;
            readonly created_by_name: string;
            readonly embeddable: boolean;
            /** Format: date-time */
            readonly expires_at: string;
            /** Format: uuid */
            readonly id: string;
            readonly last_used_at: string | null;
            readonly name: string;
            readonly revoked_at: string | null;
            readonly revoked_by: string | null;
            /** @enum {string} */
            readonly state: "valid" | "expired" | "revoked";
        };
        readonly ShareLinks: {
            readonly items: readonly components["schemas"]["ShareLinkView"][];
        };
        readonly SharedDashboardView: {
            readonly devices: readonly components["schemas"]["SharedDeviceView"][];
            readonly embeddable: boolean;
            /** Format: date-time */
            readonly expires_at: string;
            readonly name: string;
            readonly now: number;
            readonly panels: readonly (components["schemas"]["ChartPanel"] | components["schemas"]["NumberPanel"] | components["schemas"]["GaugePanel"] | components["schemas"]["SwitchPanel"] | components["schemas"]["TablePanel"] | components["schemas"]["TextPanel"])[];
            readonly series: readonly components["schemas"]["SeriesView"][];
            /** Format: date-time */
            readonly updated_at: string;
            readonly version: number;
        };
        readonly SharedDeviceView: {
            readonly clock_offset_us: number | null;
            readonly clock_suspect: boolean;
            readonly id: string;
            readonly name: string;
        };
        readonly SharedReadings: {
            readonly items: readonly components["schemas"]["ReadingsView"][];
        };
        readonly SkippedView: {
            readonly example: string;
            readonly last_at: string | null;
            readonly n: number;
            readonly name: string;
        };
        readonly StorageLevelView: {
            readonly bytes: number;
            readonly days: number;
            /** @enum {string} */
            readonly level: "log" | "raw" | "1m" | "1h";
        };
        readonly StorageView: {
            readonly database_bytes: number;
            readonly levels: readonly components["schemas"]["StorageLevelView"][];
        };
        readonly SwitchLabels: {
            readonly off: string;
            readonly on: string;
        };
        readonly SwitchPanel: {
            readonly h: number;
            readonly id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly kind: "switch";
            readonly labels: components["schemas"]["SwitchLabels"];
            readonly series: readonly number[];
            readonly title: string;
            readonly w: number;
            readonly x: number;
            readonly y: number;
        };
        readonly TablePanel: {
            readonly decimals: number | null;
            readonly h: number;
            readonly id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly kind: "table";
            readonly series: readonly number[];
            readonly title: string;
            readonly w: number;
            readonly x: number;
            readonly y: number;
        };
        readonly TextPanel: {
            readonly h: number;
            readonly id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            readonly kind: "text";
            readonly text: string;
            readonly title: string;
            readonly w: number;
            readonly x: number;
            readonly y: number;
        };
        readonly UnitView: {
            readonly series: number;
            readonly unit: string | null;
        };
        readonly Units: {
            readonly items: readonly components["schemas"]["UnitView"][];
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
    readonly list_annotations: {
        readonly parameters: {
            readonly query: {
                readonly after?: string | null;
                readonly limit?: number;
                readonly from: number;
                readonly to: number;
                readonly devices?: string | null;
                readonly series?: string | null;
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
                    readonly "application/json": components["schemas"]["AnnotationPage"];
                };
            };
        };
    };
    readonly create_annotation: {
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
                readonly "application/json": components["schemas"]["NewAnnotation"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AnnotationView"];
                };
            };
        };
    };
    readonly get_annotation: {
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
                    readonly "application/json": components["schemas"]["AnnotationView"];
                };
            };
        };
    };
    readonly update_annotation: {
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
                readonly "application/json": components["schemas"]["AnnotationBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["AnnotationView"];
                };
            };
        };
    };
    readonly delete_annotation: {
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
    readonly list_telemetry_audit: {
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
    readonly export_telemetry_audit: {
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
    readonly verify_telemetry_audit: {
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
    readonly get_availability: {
        readonly parameters: {
            readonly query?: {
                readonly days?: number;
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
                    readonly "application/json": components["schemas"]["AvailabilityView"];
                };
            };
        };
    };
    readonly get_certificates: {
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
                    readonly "application/json": components["schemas"]["CertificatesView"];
                };
            };
        };
    };
    readonly list_dashboards: {
        readonly parameters: {
            readonly query?: {
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
                    readonly "application/json": components["schemas"]["DashboardPage"];
                };
            };
        };
    };
    readonly create_dashboard: {
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
                readonly "application/json": components["schemas"]["DashboardBody"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DashboardView"];
                };
            };
        };
    };
    readonly get_dashboard: {
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
                    readonly "application/json": components["schemas"]["DashboardView"];
                };
            };
        };
    };
    readonly update_dashboard: {
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
                readonly "application/json": components["schemas"]["DashboardBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["DashboardView"];
                };
            };
        };
    };
    readonly delete_dashboard: {
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
    readonly list_share_links: {
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
                    readonly "application/json": components["schemas"]["ShareLinks"];
                };
            };
        };
    };
    readonly create_share_link: {
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
                readonly "application/json": components["schemas"]["ShareLinkBody"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["NewShareLinkView"];
                };
            };
        };
    };
    readonly revoke_share_link: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly link: string;
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
    readonly list_dashboard_versions: {
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
                    readonly "application/json": components["schemas"]["DashboardVersions"];
                };
            };
        };
    };
    readonly get_dashboard_version: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
                readonly version: number;
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
                    readonly "application/json": components["schemas"]["DashboardVersionView"];
                };
            };
        };
    };
    readonly list_devices: {
        readonly parameters: {
            readonly query?: {
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
                    readonly "application/json": components["schemas"]["Devices"];
                };
            };
        };
    };
    readonly delete_device: {
        readonly parameters: {
            readonly query?: {
                readonly dry_run?: boolean;
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
                    readonly "application/json": components["schemas"]["ErasedView"];
                };
            };
        };
    };
    readonly rename_device: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["DeviceNameChange"];
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
    readonly list_commands: {
        readonly parameters: {
            readonly query?: {
                readonly before?: number | null;
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
                    readonly "application/json": components["schemas"]["CommandHistory"];
                };
            };
        };
    };
    readonly send_command: {
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
                readonly "application/json": components["schemas"]["CommandBody"];
            };
        };
        readonly responses: {
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CommandView"];
                };
            };
        };
    };
    readonly get_command: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly device: string;
                readonly command: string;
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
                    readonly "application/json": components["schemas"]["CommandView"];
                };
            };
        };
    };
    readonly list_device_connections: {
        readonly parameters: {
            readonly query?: {
                readonly before?: string | null;
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
                    readonly "application/json": components["schemas"]["ConnectionEvents"];
                };
            };
        };
    };
    readonly get_ledger: {
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
                    readonly "application/json": components["schemas"]["Ledger"];
                };
            };
        };
    };
    readonly get_plain_settings: {
        readonly parameters: {
            readonly query?: never;
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
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PlainView"];
                };
            };
        };
    };
    readonly change_plain_settings: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                readonly device: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["PlainSettingsChange"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PlainSettingsView"];
                };
            };
        };
    };
    readonly export_readings: {
        readonly parameters: {
            readonly query: {
                readonly series: string;
                readonly from: number;
                readonly to: number;
                readonly format?: "csv" | "parquet";
                readonly after?: string | null;
                readonly tz?: string;
                readonly separator?: "comma" | "semicolon" | "tab";
                readonly decimal?: "point" | "comma";
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
                    readonly "application/vnd.apache.parquet": string;
                    readonly "text/csv; charset=utf-8": string;
                };
            };
        };
    };
    readonly list_reported_incidents: {
        readonly parameters: {
            readonly query?: {
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
                    readonly "application/json": components["schemas"]["IncidentPage"];
                };
            };
        };
    };
    readonly report_incident: {
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
                readonly "application/json": components["schemas"]["IncidentBody"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["IncidentView"];
                };
            };
        };
    };
    readonly get_reported_incident: {
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
                    readonly "application/json": components["schemas"]["IncidentView"];
                };
            };
        };
    };
    readonly update_reported_incident: {
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
                readonly "application/json": components["schemas"]["IncidentBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["IncidentView"];
                };
            };
        };
    };
    readonly delete_reported_incident: {
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
    readonly get_intake: {
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
                    readonly "application/json": components["schemas"]["IntakeView"];
                };
            };
        };
    };
    readonly list_plain_presets: {
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
                    readonly "application/json": components["schemas"]["Presets"];
                };
            };
        };
    };
    readonly list_quarantine: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: number;
                readonly limit?: number;
                readonly reason?: number | null;
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
                    readonly "application/json": components["schemas"]["Messages"];
                };
            };
        };
    };
    readonly list_quarantine_reasons: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string | null;
                readonly limit?: number;
                readonly device?: string | null;
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
                    readonly "application/json": components["schemas"]["Reasons"];
                };
            };
        };
    };
    readonly download_quarantined: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly number: number;
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
                    readonly "application/octet-stream": string;
                };
            };
        };
    };
    readonly list_questions: {
        readonly parameters: {
            readonly query?: {
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
                    readonly "application/json": components["schemas"]["QuestionPage"];
                };
            };
        };
    };
    readonly create_question: {
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
                readonly "application/json": components["schemas"]["QuestionBody"];
            };
        };
        readonly responses: {
            readonly 201: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["QuestionView"];
                };
            };
        };
    };
    readonly get_question: {
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
                    readonly "application/json": components["schemas"]["QuestionView"];
                };
            };
        };
    };
    readonly update_question: {
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
                readonly "application/json": components["schemas"]["QuestionBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["QuestionView"];
                };
            };
        };
    };
    readonly delete_question: {
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
    readonly align_readings: {
        readonly parameters: {
            readonly query: {
                readonly series: string;
                readonly from: number;
                readonly to: number;
                readonly points?: number;
                readonly every?: string | null;
                readonly tz?: string;
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
                    readonly "application/json": components["schemas"]["AlignedView"];
                };
            };
        };
    };
    readonly get_retention: {
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
                    readonly "application/json": components["schemas"]["RetentionView"];
                };
            };
        };
    };
    readonly update_retention: {
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
                readonly "application/json": components["schemas"]["RetentionBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RetentionView"];
                };
            };
        };
    };
    readonly preview_retention: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["RetentionBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["RetentionPreviewView"];
                };
            };
        };
    };
    readonly list_series: {
        readonly parameters: {
            readonly query?: {
                readonly device?: string | null;
                readonly ids?: string | null;
                readonly q?: string | null;
                readonly type?: ("int" | "float" | "bool") | null;
                readonly unit?: string | null;
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
                    readonly "application/json": components["schemas"]["AllSeries"];
                };
            };
        };
    };
    readonly delete_series: {
        readonly parameters: {
            readonly query?: {
                readonly dry_run?: boolean;
            };
            readonly header?: never;
            readonly path: {
                readonly series_id: number;
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
                    readonly "application/json": components["schemas"]["ErasedView"];
                };
            };
        };
    };
    readonly rename_series: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly series_id: number;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["SeriesNameChange"];
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
    readonly get_series_display: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly series_id: number;
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
                    readonly "application/json": components["schemas"]["SeriesDisplayView"];
                };
            };
        };
    };
    readonly update_series_display: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-Match"?: string | null;
            };
            readonly path: {
                readonly series_id: number;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["SeriesDisplayBody"];
            };
        };
        readonly responses: {
            readonly 200: {
                headers: {
                    readonly ETag?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SeriesDisplayView"];
                };
            };
        };
    };
    readonly list_readings: {
        readonly parameters: {
            readonly query: {
                readonly from: number;
                readonly to: number;
                readonly points?: number;
                readonly raw?: boolean;
                readonly cursor?: string | null;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly series_id: number;
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
                    readonly "application/json": components["schemas"]["ReadingsView"] | components["schemas"]["PageView"];
                };
            };
        };
    };
    readonly delete_readings: {
        readonly parameters: {
            readonly query: {
                readonly from: number;
                readonly to: number;
                readonly dry_run?: boolean;
            };
            readonly header?: never;
            readonly path: {
                readonly series_id: number;
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
                    readonly "application/json": components["schemas"]["ErasedView"];
                };
            };
        };
    };
    readonly get_shared_dashboard: {
        readonly parameters: {
            readonly query?: never;
            readonly header: {
                readonly "Pulse-Share-Token": string;
            };
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
                    readonly "application/json": components["schemas"]["SharedDashboardView"];
                };
            };
        };
    };
    readonly list_shared_readings_of_several: {
        readonly parameters: {
            readonly query: {
                readonly series: string;
                readonly from: number;
                readonly to: number;
                readonly points?: number;
            };
            readonly header: {
                readonly "Pulse-Share-Token": string;
            };
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
                    readonly "application/json": components["schemas"]["SharedReadings"];
                };
            };
        };
    };
    readonly list_shared_readings: {
        readonly parameters: {
            readonly query: {
                readonly from: number;
                readonly to: number;
                readonly points?: number;
            };
            readonly header: {
                readonly "Pulse-Share-Token": string;
            };
            readonly path: {
                readonly series_id: number;
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
                    readonly "application/json": components["schemas"]["ReadingsView"];
                };
            };
        };
    };
    readonly get_storage: {
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
                    readonly "application/json": components["schemas"]["StorageView"];
                };
            };
        };
    };
    readonly list_units: {
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
                    readonly "application/json": components["schemas"]["Units"];
                };
            };
        };
    };
}
