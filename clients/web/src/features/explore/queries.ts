// The explorer's queries: devices, series, stored readings and statistics.
import { queryOptions } from "@tanstack/react-query";
import type { TimeSpan } from "@/charts/types";
import type { Answer } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { allDevices, deviceStates } from "@/lib/lists/device-lists";
import { seriesOfDevice } from "@/lib/lists/series-lists";

export type StoredReadings = Exclude<
  Answer<"/api/telemetry/series/{series_id}/readings", "get">,
  { readonly seq: readonly number[] }
>;
export type ReadingsPage = Extract<
  Answer<"/api/telemetry/series/{series_id}/readings", "get">,
  { readonly seq: readonly number[] }
>;
export type Aggregates = Answer<"/api/telemetry/readings", "get">;

const DEVICES_KEY = ["explore", "devices"] as const;
const LIST_FRESH_MS = 60_000;
const KEPT_MS = 120_000;
/** All lines of a page together have about this many points. */
const POINTS_IN_ALL = 40_000;
const [LEAST_POINTS, MOST_POINTS] = [600, 3_000];

export function devicesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: DEVICES_KEY,
    queryFn: ({ signal }) => allDevices(api, signal),
    staleTime: LIST_FRESH_MS,
  });
}

/** A device has connected or disconnected. An unknown one is new, so the list loads again. */
export const applyDeviceState = deviceStates(DEVICES_KEY, (device, { online }) => ({ ...device, online }));

export function deviceSeriesQuery(api: ApiClient, device: string) {
  return queryOptions({
    queryKey: ["explore", "series", device],
    queryFn: ({ signal }) => seriesOfDevice(api, device, signal),
    staleTime: LIST_FRESH_MS,
  });
}

/** The line of one series: every reading, or about `points` that have the same picture. */
export function readingsQuery(api: ApiClient, id: number, { from, to }: TimeSpan, points: number) {
  return queryOptions({
    queryKey: ["explore", "readings", id, from, to, points],
    queryFn: ({ signal }) =>
      api.get("/api/telemetry/series/{series_id}/readings", {
        path: { series_id: id },
        query: { from, to, points },
        signal,
      }) as Promise<StoredReadings>,
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });
}

/** Count, extremes, mean and last reading of each series in the span. The service counts every reading. */
export function statsQuery(api: ApiClient, ids: readonly number[], { from, to }: TimeSpan) {
  return queryOptions({
    queryKey: ["explore", "stats", ids, from, to],
    queryFn: ({ signal }) =>
      api.get("/api/telemetry/readings", { query: { series: ids.join(","), from, to, points: 1 }, signal }),
    enabled: ids.length > 0,
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });
}

/** How many points each of `count` lines gets. */
export function pointsFor(count: number): number {
  return Math.min(MOST_POINTS, Math.max(LEAST_POINTS, Math.floor(POINTS_IN_ALL / Math.max(1, count))));
}
