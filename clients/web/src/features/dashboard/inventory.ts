// Which devices and series there are: asked by REST, again now and then, because collectors come and declare more.
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import type { Device, Series } from "@/contracts/http";
import type { DeviceChanged } from "@/contracts/live";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";

const DEVICES_KEY = ["devices"] as const;
const DEVICES_EVERY_MS = 15_000;
const SERIES_EVERY_MS = 10_000;

// What cannot succeed by waiting is shown at once.
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

/** The series as they are described, without the value that changes all the time: equal lists stay the same object. */
export function descriptions(series: Series[]): Series[] {
  return series.map((one) => ({ ...one, latest: null }));
}

/** A device's state as the socket told it, before the next REST answer says the same. */
export function applyDeviceChange(
  client: QueryClient,
  { id, online, last_seen_at, waiting }: DeviceChanged,
): void {
  client.setQueryData<Device[]>(DEVICES_KEY, (devices) =>
    devices?.map((device) => (device.id === id ? { ...device, online, last_seen_at, waiting } : device)),
  );
  // A device nobody knew: the list has more to say about it.
  const known = client.getQueryData<Device[]>(DEVICES_KEY)?.some((device) => device.id === id);
  if (!known) void client.invalidateQueries({ queryKey: DEVICES_KEY });
}
