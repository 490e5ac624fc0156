// The queries of the audit log. Each service keeps a trail of its own.
import { infiniteQueryOptions } from "@tanstack/react-query";
import type { AuditPage, AuditVerification as Verification } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";

export const TRAILS = ["users", "auth", "telemetry", "sync"] as const;
export type Trail = (typeof TRAILS)[number];

export type Filter = {
  readonly kind: string;
  readonly actor: string;
  readonly target: string;
  /** Days in the time zone of the browser, as YYYY-MM-DD; "" for no limit. */
  readonly since: string;
  readonly until: string;
};

const PAGE = 50;

/** The filter as the services take it. The day `until` is included. */
export function queryOf({ kind, actor, target, since, until }: Filter) {
  return {
    kind: kind || undefined,
    actor: actor || undefined,
    target: target || undefined,
    since: startOf(since, 0),
    until: startOf(until, 1),
  };
}

/** The start of `day` in local time, `later` days later. Undefined for an invalid day. */
function startOf(day: string, later: number): string | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!parts) return undefined;
  const [, year, month, date] = parts.map(Number);
  const start = new Date(year!, month! - 1, date! + later);
  return Number.isNaN(start.getTime()) ? undefined : start.toISOString();
}

type Input = {
  query: ReturnType<typeof queryOf> & { before?: number; limit?: number };
  signal?: AbortSignal;
};

const PAGES: Readonly<Record<Trail, (api: ApiClient, input: Input) => Promise<AuditPage>>> = {
  users: (api, input) => api.get("/api/users/audit", input),
  auth: (api, input) => api.get("/api/auth/audit", input),
  telemetry: (api, input) => api.get("/api/telemetry/audit", input),
  sync: (api, input) => api.get("/api/sync/audit", input),
};

const FILES: Readonly<Record<Trail, (api: ApiClient, filter: Filter) => Promise<Blob>>> = {
  users: (api, filter) => api.getFile("/api/users/audit.csv", { query: queryOf(filter) }),
  auth: (api, filter) => api.getFile("/api/auth/audit.csv", { query: queryOf(filter) }),
  telemetry: (api, filter) => api.getFile("/api/telemetry/audit.csv", { query: queryOf(filter) }),
  sync: (api, filter) => api.getFile("/api/sync/audit.csv", { query: queryOf(filter) }),
};

export const auditQuery = (api: ApiClient, trail: Trail, filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ["audit", trail, filter],
    queryFn: ({ pageParam, signal }) =>
      PAGES[trail](api, { query: { ...queryOf(filter), before: pageParam, limit: PAGE }, signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });

const VERIFICATIONS: Readonly<Record<Trail, (api: ApiClient, input: PartInput) => Promise<Verification>>> = {
  users: (api, input) => api.get("/api/users/audit/verification", input),
  auth: (api, input) => api.get("/api/auth/audit/verification", input),
  telemetry: (api, input) => api.get("/api/telemetry/audit/verification", input),
  sync: (api, input) => api.get("/api/sync/audit/verification", input),
};
type PartInput = { query: { after?: number; hash?: string }; signal: AbortSignal };

/** Verifies a whole chain, part by part. `onPart` gets each result; the last one is complete or has a fault. */
export async function verifyTrail(
  api: ApiClient,
  trail: Trail,
  signal: AbortSignal,
  onPart: (part: Verification) => void,
): Promise<void> {
  let query: PartInput["query"] = {};
  for (;;) {
    const part = await VERIFICATIONS[trail](api, { query, signal });
    onPart(part);
    const { n, hash } = part.verified;
    // A part that verified nothing would repeat without end.
    if (part.is_complete || part.fault !== null || n === query.after) return;
    query = { after: n, hash };
  }
}

/** Every matching entry as CSV. The service records the export. */
export function auditFile(api: ApiClient, trail: Trail, filter: Filter): Promise<Blob> {
  return FILES[trail](api, filter);
}
