// The HTTP APIs as types, derived from the services' OpenAPI documents.
import type { components, paths as AuthPaths } from "./generated/auth";
import type { paths as SyncPaths } from "./generated/sync";
import type { paths as TelemetryPaths } from "./generated/telemetry";
import type { paths as UsersPaths } from "./generated/users";

type Paths = AuthPaths & SyncPaths & TelemetryPaths & UsersPaths;
export type Method = "get" | "post" | "put" | "patch" | "delete";

/** The paths that take `M`, as the documents write them: `/api/auth/sessions/{session}`. */
export type PathOf<M extends Method> = {
  [P in keyof Paths]: [Paths[P][M]] extends [undefined] ? never : P;
}[keyof Paths];

type Operation<P extends PathOf<M>, M extends Method> = NonNullable<Paths[P][M]>;
type Json<Holder> = Holder extends { content: { "application/json": infer Body } } ? Body : null;
type Success<Responses> = Responses[keyof Responses & (200 | 201 | 202 | 204)];

/** What a successful call answers; null where the answer has no body. */
export type Answer<P extends PathOf<M>, M extends Method> =
  Operation<P, M> extends { responses: infer Responses } ? Json<Success<Responses>> : never;

type Parameter<O, Place extends "path" | "query"> = O extends { parameters: infer Parameters }
  ? Place extends keyof Parameters
    ? NonNullable<Parameters[Place]>
    : never
  : never;
type Body<O> = O extends { requestBody: infer Request } ? Json<Request> : never;
/** `value` under `Name`: absent where there is nothing to give, optional where all of it is. */
type Member<Name extends string, Value> = [Value] extends [never]
  ? unknown
  : Record<never, never> extends Value
    ? { readonly [N in Name]?: Value }
    : { readonly [N in Name]: Value };

/** What a call takes: its parameters in the path and in the query, and its JSON body. */
export type Input<P extends PathOf<M>, M extends Method> = Member<
  "path",
  Parameter<Operation<P, M>, "path">
> &
  Member<"query", Parameter<Operation<P, M>, "query">> &
  Member<"body", Body<Operation<P, M>>>;

export type Grant = Answer<"/api/auth/login", "post">;
export type Preferences = Answer<"/api/profile/preferences", "get">;
export type Account = Grant["account"];
export type SecondFactor = Answer<"/api/auth/second-factor", "get">;
export type Enrolment = Answer<"/api/auth/second-factor", "post">;
export type RunningSession = Answer<"/api/auth/sessions", "get">["items"][number];
export type Policy = Answer<"/api/auth/policy", "get">;
export type Retention = Answer<"/api/telemetry/retention", "get">;
export type RetentionDays = Input<"/api/telemetry/retention/preview", "post">["body"];
export type RetentionPreview = Answer<"/api/telemetry/retention/preview", "post">;
export type StoredBrand = Answer<"/api/users/brand", "get">;
export type MailTest = Answer<"/api/users/mail/test", "post">;
export type Availability = Answer<"/api/telemetry/availability", "get">;
export type ServiceAvailability = Availability["services"][number];
export type Intake = Answer<"/api/telemetry/intake", "get">;
export type Storage = Answer<"/api/telemetry/storage", "get">;
export type Certificate = Answer<"/api/telemetry/certificates", "get">["broker_authorities"][number];
export type Incident = Answer<"/api/telemetry/incidents", "get">["items"][number];
export type IncidentBody = Input<"/api/telemetry/incidents", "post">["body"];
export type Outage = Availability["outages"][number];
export type SigningKey = Answer<"/api/auth/signing-keys", "get">["items"][number];
export type ApiKey = Answer<"/api/auth/api-keys", "get">["items"][number];
export type Strength = Answer<"/api/users/password-strength", "post">;
export type Device = Answer<"/api/telemetry/devices", "get">["items"][number];
/** What charts need to know about a device. */
export type ShownDevice = Pick<Device, "id" | "name" | "clock_offset_us" | "clock_suspect">;
export type SharedDashboard = Answer<"/api/telemetry/shared", "get">;
export type ShareLink = Answer<"/api/telemetry/dashboards/{id}/links", "get">["items"][number];
export type Series = Answer<"/api/telemetry/series", "get">["items"][number];
export type User = Answer<"/api/users/{id}", "get">;
export type SignIns = Answer<"/api/auth/accounts", "get">["items"][number];
export type BulkForecast = Answer<"/api/users/bulk-preview", "post">;
export type OfflineAccount = Answer<"/api/sync/accounts/{id}", "get">;
export type UserPage = Answer<"/api/users", "get">;
export type PasswordLink = Answer<"/api/users/{id}/invitation", "post">;
export type Collector = Answer<"/api/collectors/{id}", "get">;
export type CollectorWithCode = Answer<"/api/collectors", "post">;
export type PlainCredentials = Answer<"/api/collectors/plain-devices", "post">;
export type Epoch = Answer<"/api/telemetry/devices/{device}/ledger", "get">["epochs"][number];
export type QuarantineReason = Answer<"/api/telemetry/quarantine/reasons", "get">["items"][number];
export type ConnectionEvent = Answer<"/api/telemetry/devices/{device}/connections", "get">["items"][number];
export type Command = Answer<"/api/telemetry/devices/{device}/commands/{command}", "get">;
export type Mirror = Answer<"/api/sync/collectors", "get">["items"][number];
export type MirrorDetail = Answer<"/api/sync/collectors/{device}", "get">;
export type MirroredAccount = MirrorDetail["accounts"][number];
export type Rule = Answer<"/api/sync/entitlement", "get">["rules"][number];
export type RulePreview = Answer<"/api/sync/entitlement/preview", "post">;
export type MirrorIncident = Answer<"/api/sync/incidents", "get">["items"][number];
export type AuditPage = Answer<"/api/users/audit", "get">;
export type AuditVerification = Answer<"/api/users/audit/verification", "get">;
export type AuditEntry = AuditPage["items"][number];

type StoredReadings = Exclude<
  Answer<"/api/telemetry/series/{series_id}/readings", "get">,
  { readonly seq: readonly number[] }
>;
/** Stored readings of one series, thinned to the requested number of points: the members that this page uses. */
export type History = Pick<
  StoredReadings,
  "series" | "from" | "to" | "n" | "sampled" | "t" | "v" | "clock_suspect"
>;

/** A problem document. A proxy on the way may answer without one, so every member may be missing. */
export type Problem = Partial<components["schemas"]["Problem"]>;
