// What the status page loads from the services.
import { queryOptions } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";

const DAYS = 30;
const EVERY_MS = 30_000;
const SLOWER_MS = 300_000;

export const availabilityQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "availability"],
    queryFn: ({ signal }) => api.get("/api/telemetry/availability", { query: { days: DAYS }, signal }),
    refetchInterval: EVERY_MS,
  });

export const storageQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "storage"],
    queryFn: ({ signal }) => api.get("/api/telemetry/storage", { signal }),
    refetchInterval: SLOWER_MS,
  });

export const certificatesQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "certificates"],
    queryFn: ({ signal }) => api.get("/api/telemetry/certificates", { signal }),
    refetchInterval: SLOWER_MS,
  });

export const signingKeysQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "signing-keys"],
    queryFn: ({ signal }) => api.get("/api/auth/signing-keys", { signal }),
    refetchInterval: SLOWER_MS,
  });
