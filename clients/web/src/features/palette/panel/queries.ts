// The queries of the search.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { allDevices } from "@/lib/lists/device-lists";
import { seriesByIds } from "@/lib/lists/series-lists";

const FRESH_MS = 30_000;
export const MOST_PEOPLE = 6;
/** The most enrolments that auth sends at once. */
const ENROLMENTS_AT_ONCE = 2_000;

export const devicesQuery = (api: ApiClient, isEnabled: boolean) =>
  queryOptions({
    queryKey: ["devices"],
    queryFn: ({ signal }) => allDevices(api, signal),
    enabled: isEnabled,
    staleTime: FRESH_MS,
  });

/** Every enrolment, also of devices that have never connected. */
export const collectorsQuery = (api: ApiClient, isEnabled: boolean) =>
  queryOptions({
    queryKey: ["collectors"],
    queryFn: ({ signal }) =>
      allPages((after) =>
        api.get("/api/collectors", { query: { after, limit: ENROLMENTS_AT_ONCE }, signal }),
      ),
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

/** Series that were chosen lately. */
export const recentSeriesQuery = (api: ApiClient, ids: readonly number[], isEnabled: boolean) =>
  queryOptions({
    queryKey: ["recent-series", ids],
    queryFn: ({ signal }) => seriesByIds(api, ids, signal),
    enabled: isEnabled && ids.length > 0,
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
