// The list of all devices, and the states of devices that arrive meanwhile.
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { Device } from "@/contracts/http";
import type { DeviceChanged } from "@/contracts/live";
import type { ApiClient } from "../api/api-client";
import { allPages } from "../api/pages";

/** Every device by id. Throws ApiError. */
export function allDevices(api: Pick<ApiClient, "get">, signal?: AbortSignal): Promise<Device[]> {
  return allPages((after) => api.get("/api/telemetry/devices", { query: { after }, signal }));
}

/** Readers see no difference between a state that is shown at once and one that is shown a quarter of a second later. */
const APPLY_EVERY_MS = 250;

/**
 * Applies device states from the socket to the loaded list `queryKey`, all that arrive within a quarter of a second
 * together: the states of 2,000 devices must not copy the list 2,000 times. The list loads again for an unknown device.
 */
export function deviceStates(
  queryKey: QueryKey,
  merge: (device: Device, change: DeviceChanged) => Device = merged,
): (client: QueryClient, change: DeviceChanged) => void {
  const waiting = new WeakMap<QueryClient, Map<string, DeviceChanged>>();
  return (client, change) => {
    const pending = waiting.get(client);
    if (pending) return void pending.set(change.id, change);
    const changes = new Map([[change.id, change]]);
    waiting.set(client, changes);
    const settle = () => {
      // The answer that is on its way may be older than these states.
      if (client.isFetching({ queryKey }) > 0) return void setTimeout(settle, APPLY_EVERY_MS);
      waiting.delete(client);
      apply(client, queryKey, changes, merge);
    };
    setTimeout(settle, APPLY_EVERY_MS);
  };
}

function apply(
  client: QueryClient,
  queryKey: QueryKey,
  changes: ReadonlyMap<string, DeviceChanged>,
  merge: (device: Device, change: DeviceChanged) => Device,
): void {
  const devices = client.getQueryData<Device[]>(queryKey);
  if (!devices) return;
  const known = new Set(devices.map(({ id }) => id));
  client.setQueryData<Device[]>(
    queryKey,
    devices.map((device) => {
      const change = changes.get(device.id);
      return change ? merge(device, change) : device;
    }),
  );
  if ([...changes.keys()].some((id) => !known.has(id))) void client.invalidateQueries({ queryKey });
}

/** In seconds. A buffer that is full later counts as full in ten years. */
const TEN_YEARS = 315_360_000;

function merged(device: Device, change: DeviceChanged): Device {
  const { online, last_seen_at, waiting, buffer_fill, full_in } = change;
  const full_at =
    full_in == null ? null : new Date(Date.now() + Math.min(full_in, TEN_YEARS) * 1_000).toISOString();
  return { ...device, online, last_seen_at, waiting, buffer_fill: buffer_fill ?? null, full_at };
}
