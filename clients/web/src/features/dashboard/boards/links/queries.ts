// The calls for the share links of a dashboard.
import { queryOptions } from "@tanstack/react-query";
import { ApiError, type ApiClient } from "@/lib/api/api-client";

/** The links of a dashboard, newest first. */
export function linksQuery(api: ApiClient, id: string) {
  return queryOptions({
    queryKey: ["share-links", id],
    queryFn: async ({ signal }) =>
      (await api.get("/api/telemetry/dashboards/{id}/links", { path: { id }, signal })).items,
    staleTime: 0,
    retry: (failures, error) => error instanceof ApiError && error.isTemporary && failures < 2,
  });
}

/** The address of a link: the token follows `#`, so that no server's log has it. */
export function addressOf(token: string, origin: string): string {
  return `${origin}/shared#${token}`;
}

/** HTML for a page of an allowed origin. */
export function frameOf(token: string, origin: string): string {
  return `<iframe src="${origin}/embed#${token}" width="100%" height="600" style="border:0" referrerpolicy="no-referrer"></iframe>`;
}
