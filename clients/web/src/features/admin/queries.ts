// What the administration page loads.
import { queryOptions } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";

export const policyQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["admin", "policy"],
    queryFn: ({ signal }) => api.getTagged("/api/auth/policy", { signal }),
    // The form keeps its own version.
    staleTime: Infinity,
    gcTime: 0,
  });

export const retentionQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["admin", "retention"],
    queryFn: ({ signal }) => api.getTagged("/api/telemetry/retention", { signal }),
    // The form keeps its own version.
    staleTime: Infinity,
    gcTime: 0,
  });

export const brandQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["admin", "brand"],
    queryFn: ({ signal }) => api.getTagged("/api/users/brand", { signal }),
    // The form keeps its own version.
    staleTime: Infinity,
    gcTime: 0,
  });

export const mailQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["admin", "mail"],
    queryFn: ({ signal }) => api.get("/api/users/mail", { signal }),
  });

export const signingKeysQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["admin", "signing-keys"],
    queryFn: ({ signal }) => api.get("/api/auth/signing-keys", { signal }),
  });
