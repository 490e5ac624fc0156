// The queries of the search.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";

const FRESH_MS = 30_000;
const MOST_SERIES = 2_000;
export const MOST_PEOPLE = 6;

export const devicesQuery = (api: ApiClient, isEnabled: boolean) =>
  queryOptions({
    queryKey: ["devices"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/devices", { query: { after }, signal })),
    enabled: isEnabled,
    staleTime: FRESH_MS,
  });

/** Every enrolment, also of devices that have never connected. */
export const collectorsQuery = (api: ApiClient, isEnabled: boolean) =>
  queryOptions({
    queryKey: ["collectors"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/collectors", { query: { after, limit: 200 }, signal })),
    enabled: isEnabled,
    staleTime: FRESH_MS,
  });

export const dashboardsQuery = (api: ApiClient, isEnabled: boolean) =>
  queryOptions({
    queryKey: ["dashboards"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/dashboards", { query: { after, limit: 250 }, signal })),
    enabled: isEnabled,
    staleTime: FRESH_MS,
  });

/** The first series of a device. No device of a usual size has more. */
export const seriesQuery = (api: ApiClient, device: string) =>
  queryOptions({
    queryKey: ["series", device],
    queryFn: async ({ signal }) =>
      (await api.get("/api/telemetry/series", { query: { device, limit: MOST_SERIES }, signal })).items,
    staleTime: FRESH_MS,
  });

/** The service searches. The people of the search before stay until the answer comes. */
export const peopleQuery = (api: ApiClient, search: string, isEnabled: boolean) =>
  queryOptions({
    queryKey: ["people", search],
    queryFn: ({ signal }) =>
      api.get("/api/users", { query: { search, limit: MOST_PEOPLE, sort: "name" }, signal }),
    enabled: isEnabled,
    staleTime: FRESH_MS,
    placeholderData: keepPreviousData,
  });
