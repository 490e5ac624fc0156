// The queries of the security page.
import { queryOptions } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";

const SESSIONS_EVERY_MS = 30_000;

export const secondFactorQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["second-factor"],
    queryFn: ({ signal }) => api.get("/api/auth/second-factor", { signal }),
  });

export const sessionsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["sessions"],
    queryFn: async ({ signal }) => (await api.get("/api/auth/sessions", { signal })).items,
    // Sessions can start and end elsewhere at any time.
    refetchInterval: SESSIONS_EVERY_MS,
    refetchOnWindowFocus: "always",
  });

export const apiKeysQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["api-keys"],
    queryFn: async ({ signal }) => (await api.get("/api/auth/api-keys", { signal })).items,
  });
