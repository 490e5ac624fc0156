// The calls for the versions of a dashboard. A version never changes.
import { queryOptions } from "@tanstack/react-query";
import type { Answer } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";

export type VersionSummary = Answer<"/api/telemetry/dashboards/{id}/versions", "get">["items"][number];
export type Version = Answer<"/api/telemetry/dashboards/{id}/versions/{version}", "get">;

const retry = (failures: number, error: Error) =>
  error instanceof ApiError && error.isTemporary && failures < 2;

/** The last 20 versions, newest first. */
export function versionsQuery(api: ApiClient, id: string) {
  return queryOptions({
    queryKey: ["board-versions", id],
    queryFn: async ({ signal }) =>
      (await api.get("/api/telemetry/dashboards/{id}/versions", { path: { id }, signal })).items,
    retry,
  });
}

export function versionQuery(api: ApiClient, id: string, version: number) {
  return queryOptions({
    queryKey: ["board-versions", id, version],
    queryFn: ({ signal }) =>
      api.get("/api/telemetry/dashboards/{id}/versions/{version}", { path: { id, version }, signal }),
    staleTime: Infinity,
    retry,
  });
}
