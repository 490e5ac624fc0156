// The queries for devices and series. They refetch regularly, because collectors may add devices and series.
import { queryOptions } from "@tanstack/react-query";
import type { Series } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { allDevices, deviceStates } from "@/lib/lists/device-lists";
import { seriesOfDevice } from "@/lib/lists/series-lists";

const DEVICES_KEY = ["devices"] as const;
const DEVICES_EVERY_MS = 15_000;
const SERIES_EVERY_MS = 10_000;

// Only temporary errors are retried.
const retry = (failures: number, error: Error) =>
  error instanceof ApiError && error.isTemporary && failures < 2;

export function devicesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: DEVICES_KEY,
    queryFn: ({ signal }) => allDevices(api, signal),
    refetchInterval: DEVICES_EVERY_MS,
    retry,
    retryDelay: 1_000,
  });
}

export function seriesQuery(api: ApiClient, device: string | undefined) {
  return queryOptions({
    queryKey: ["series", device],
    queryFn: ({ signal }) => seriesOfDevice(api, device!, signal),
    enabled: device !== undefined,
    refetchInterval: SERIES_EVERY_MS,
    retry,
    retryDelay: 1_000,
  });
}

/** The series without their latest values. Equal lists stay the same object, so that React does not render again. */
export function descriptions(series: Series[]): Series[] {
  return series.map((one) => ({ ...one, latest: null }));
}

/** Applies device states from the socket to the loaded devices. */
export const applyDeviceChange = deviceStates(DEVICES_KEY);
