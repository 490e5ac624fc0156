// The queries for devices: telemetry, enrolment and mirror come from three services.
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import type { Device } from "@/contracts/http";
import type { DeviceChanged } from "@/contracts/live";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";

export const FLEET_KEY = ["fleet"] as const;
const DEVICES_KEY = [...FLEET_KEY, "devices"] as const;
const EVERY_MS = 15_000;
const SERIES_EVERY_MS = 10_000;
const PAGE = 200;

export const devicesQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: DEVICES_KEY,
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/devices", { query: { after }, signal })),
    refetchInterval: EVERY_MS,
  });

export const collectorsQuery = (api: ApiClient, isAllowed: boolean) =>
  queryOptions({
    queryKey: [...FLEET_KEY, "collectors"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/collectors", { query: { after, limit: PAGE }, signal })),
    enabled: isAllowed,
    refetchInterval: EVERY_MS,
  });

export const mirrorsQuery = (api: ApiClient, isAllowed: boolean) =>
  queryOptions({
    queryKey: [...FLEET_KEY, "mirrors"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/sync/collectors", { query: { after, limit: PAGE }, signal })),
    enabled: isAllowed,
    refetchInterval: EVERY_MS,
  });

export const seriesQuery = (api: ApiClient, device: string) =>
  queryOptions({
    queryKey: ["series", device],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/series", { query: { device, after }, signal })),
    refetchInterval: SERIES_EVERY_MS,
  });

export const ledgerQuery = (api: ApiClient, device: string) =>
  queryOptions({
    queryKey: ["ledger", device],
    queryFn: ({ signal }) =>
      allPages(async (after) => {
        const path = "/api/telemetry/devices/{device}/ledger";
        const { epochs, next } = await api.get(path, { path: { device }, query: { after }, signal });
        return { items: epochs, next };
      }),
    refetchInterval: EVERY_MS,
  });

/** Applies a device state from the socket to the loaded devices. */
export function applyDeviceState(
  client: QueryClient,
  { id, online, last_seen_at, waiting }: DeviceChanged,
): void {
  const known = client.getQueryData<Device[]>(DEVICES_KEY);
  if (known && !known.some((device) => device.id === id)) {
    void client.invalidateQueries({ queryKey: DEVICES_KEY });
    return;
  }
  client.setQueryData<Device[]>(DEVICES_KEY, (devices) =>
    devices?.map((device) => (device.id === id ? { ...device, online, last_seen_at, waiting } : device)),
  );
}
