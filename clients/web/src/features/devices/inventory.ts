// The queries for devices: telemetry, enrolment and mirror come from three services.
import { queryOptions, type QueryKey } from "@tanstack/react-query";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { allDevices, deviceStates } from "@/lib/lists/device-lists";
import { pollUnlessFollowed } from "@/lib/lists/followed-changes";
import { seriesOfDevice } from "@/lib/lists/series-lists";

export const FLEET_KEY = ["fleet"] as const;
const DEVICES_KEY = [...FLEET_KEY, "devices"] as const;
const EVERY_MS = 15_000;
/** No change reports the offset of a clock, a clone, or when a device was last seen. */
const AGES_EVERY_MS = 60_000;
const SERIES_EVERY_MS = 10_000;
const PAGE = 2_000;

type Change = { readonly ids: ReadonlySet<string> | null };

/** The lists that a change makes old, by the namespace of the change. */
export const fleetChanges = {
  "/devices": (): QueryKey[] => [DEVICES_KEY],
  "/collectors": (): QueryKey[] => [[...FLEET_KEY, "collectors"]],
  "/mirror": (): QueryKey[] => [[...FLEET_KEY, "mirrors"]],
};

/** Like `fleetChanges`, with what the page about one device shows. */
export function deviceChanges(id: string) {
  const ofDevice = ({ ids }: Change): QueryKey[] =>
    !ids || ids.has(id) ? ["series", "plain", "connections"].map((what) => [what, id]) : [];
  return { ...fleetChanges, "/devices": (change: Change) => [DEVICES_KEY, ...ofDevice(change)] };
}

export const devicesQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: DEVICES_KEY,
    queryFn: ({ signal }) => allDevices(api, signal),
    refetchInterval: pollUnlessFollowed(["/devices"], EVERY_MS, AGES_EVERY_MS),
  });

export const collectorsQuery = (api: ApiClient, isAllowed: boolean) =>
  queryOptions({
    queryKey: [...FLEET_KEY, "collectors"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/collectors", { query: { after, limit: PAGE }, signal })),
    enabled: isAllowed,
    refetchInterval: pollUnlessFollowed(["/collectors"], EVERY_MS),
  });

export const mirrorsQuery = (api: ApiClient, isAllowed: boolean) =>
  queryOptions({
    queryKey: [...FLEET_KEY, "mirrors"],
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/sync/collectors", { query: { after, limit: PAGE }, signal })),
    enabled: isAllowed,
    refetchInterval: pollUnlessFollowed(["/mirror"], EVERY_MS, AGES_EVERY_MS),
  });

export const seriesQuery = (api: ApiClient, device: string) =>
  queryOptions({
    queryKey: ["series", device],
    queryFn: ({ signal }) => seriesOfDevice(api, device, signal),
    // Every reading changes the newest value of a series. The page shows it for series that are not subscribed.
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
    // Every batch of readings changes the ledger.
    refetchInterval: EVERY_MS,
  });

/** Applies device states from the socket to the loaded devices. */
export const applyDeviceState = deviceStates(DEVICES_KEY);
