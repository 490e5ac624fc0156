// What the status page loads from the services.
import { queryOptions } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { pollUnlessFollowed } from "@/lib/lists/followed-changes";

const DAYS = 30;
const EVERY_MS = 30_000;
const OFTEN_MS = 5_000;
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

export const intakeQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "intake"],
    queryFn: ({ signal }) => api.get("/api/telemetry/intake", { signal }),
    refetchInterval: OFTEN_MS,
  });

/** What administrators reported, newest first. */
export const incidentsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "reported"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/incidents", { query: { after, limit: 100 }, signal })),
    refetchInterval: EVERY_MS,
  });

export const mirrorsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "mirrors"],
    queryFn: ({ signal }) => api.get("/api/sync/collectors", { query: { limit: 1 }, signal }),
    refetchInterval: pollUnlessFollowed(["/mirror"], EVERY_MS),
  });

export const mirrorIncidentsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["status", "incidents"],
    queryFn: ({ signal }) => api.get("/api/sync/incidents", { query: { limit: 50 }, signal }),
    refetchInterval: EVERY_MS,
  });
