// The devices and series that the tree shows: all of them, or those that a search and a unit filter find.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo } from "react";
import type { Device, Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { unitKey } from "../lines";
import { allSeriesQuery, devicesQuery } from "../queries";

/** What is searched for. `unit`: the key of a unit; null: any. */
export type Filter = { readonly text: string; readonly unit: string | null };

export const NO_FILTER: Filter = { text: "", unit: null };

/** A device in the tree. `series`: those that match; null: they load when the device is opened. */
export type Branch = { readonly device: Device; readonly series: readonly Series[] | null };

/** Lower case, without accents, so that "kuhl" finds "Kühl". */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The branches that match. All words must match the names of the device and of the series. */
export function branchesOf(
  devices: readonly Device[],
  series: readonly Series[] | null,
  { text, unit }: Filter,
): Branch[] {
  const words = folded(text).split(/\s+/).filter(Boolean);
  if (words.length === 0 && unit === null) return devices.map((device) => ({ device, series: null }));
  const byDevice = new Map<string, Series[]>();
  for (const one of series ?? []) {
    const list = byDevice.get(one.device);
    if (list) list.push(one);
    else byDevice.set(one.device, [one]);
  }
  return devices.flatMap((device): Branch[] => {
    const own = folded(`${device.name} ${device.id}`);
    const left = words.filter((word) => !own.includes(word));
    const fitting = (byDevice.get(device.id) ?? []).filter((one) => unit === null || unitKey(one) === unit);
    const found =
      left.length === 0
        ? fitting
        : fitting.filter((one) => {
            const name = folded(`${one.display_name} ${one.name}`);
            return left.every((word) => name.includes(word));
          });
    if (found.length > 0) return [{ device, series: found }];
    // Until all series are known, a device whose own name matches is shown closed.
    return left.length === 0 && unit === null && words.length > 0 ? [{ device, series: null }] : [];
  });
}

/** The most frequent units first. */
export function unitsOf(series: readonly Series[]): { key: string; unit: string; count: number }[] {
  const units = new Map<string, { key: string; unit: string; count: number }>();
  for (const one of series) {
    const key = unitKey(one);
    const known = units.get(key);
    if (known) known.count += 1;
    else units.set(key, { key, unit: one.type === "bool" ? "" : one.unit, count: 1 });
  }
  return [...units.values()].sort((a, b) => b.count - a.count || a.key.localeCompare(b.key));
}

/** `wantsAll`: load the series of all devices. */
export function useTree(api: ApiClient, filter: Filter, wantsAll: boolean) {
  const devices = useQuery(devicesQuery(api));
  const isFiltered = filter.text.trim() !== "" || filter.unit !== null;
  const all = useQuery({ ...allSeriesQuery(api), enabled: wantsAll || isFiltered });
  const settled = useDeferredValue(filter);
  const branches = useMemo(
    () => branchesOf(devices.data ?? [], all.data ?? null, settled),
    [devices.data, all.data, settled],
  );
  const units = useMemo(() => unitsOf(all.data ?? []), [all.data]);
  return { devices, all, branches, units, isFiltered };
}
