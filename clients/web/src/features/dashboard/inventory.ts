// The queries for devices and series. They refetch regularly, because collectors may add devices and series.
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import type { Device, Series } from "@/contracts/http";
import type { DeviceChanged } from "@/contracts/live";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";

const DEVICES_KEY = ["devices"] as const;
const DEVICES_EVERY_MS = 15_000;
const SERIES_EVERY_MS = 10_000;

// Only temporary errors are retried.
const retry = (failures: number, error: Error) =>
  error instanceof ApiError && error.isTemporary && failures < 2;

export function devicesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: DEVICES_KEY,
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/devices", { query: { after }, signal })),
    refetchInterval: DEVICES_EVERY_MS,
    retry,
    retryDelay: 1_000,
  });
}

export function seriesQuery(api: ApiClient, device: string | undefined) {
  return queryOptions({
    queryKey: ["series", device],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/series", { query: { device, after }, signal })),
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

/** Applies a device state from the socket to the loaded devices. */
export function applyDeviceChange(
  client: QueryClient,
  { id, online, last_seen_at, waiting }: DeviceChanged,
): void {
  client.setQueryData<Device[]>(DEVICES_KEY, (devices) =>
    devices?.map((device) => (device.id === id ? { ...device, online, last_seen_at, waiting } : device)),
  );
  // An unknown device: load the list again.
  const isKnown = client.getQueryData<Device[]>(DEVICES_KEY)?.some((device) => device.id === id);
  if (!isKnown) void client.invalidateQueries({ queryKey: DEVICES_KEY });
}
