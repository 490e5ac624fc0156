// The devices and series that the tree shows: all of them, or those that a search and a unit filter find.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Device, Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { seriesSearchQuery, unitsQuery, type SeriesFilter } from "@/lib/lists/series-lists";
import { usePaused } from "@/lib/use-paused";
import { SWITCH_KEY, unitKey } from "../lines";
import { devicesQuery } from "../queries";

/** What is searched for. `unit`: the key of a unit; null: any. */
export type Filter = { readonly text: string; readonly unit: string | null };

export const NO_FILTER: Filter = { text: "", unit: null };

/** A device in the tree. `series`: those that match; null: they load when the device is opened. */
export type Branch = { readonly device: Device; readonly series: readonly Series[] | null };

/** A unit to filter by. `unit`: "" for switches too. */
export type Unit = { readonly key: string; readonly unit: string };

/** Lower case, without accents, so that "kuhl" finds "Kühl". */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * The branches that match, in the order of `devices`. `hits`: the first series that the gateway has found; null: not yet,
 * or no filter. A device whose own name has all words has more series than the hits: it loads them when it is opened.
 */
export function branchesOf(
  devices: readonly Device[],
  hits: readonly Series[] | null,
  { text, unit }: Filter,
): Branch[] {
  const words = folded(text).split(/\s+/).filter(Boolean);
  if (words.length === 0 && unit === null) return devices.map((device) => ({ device, series: null }));
  const byDevice = new Map<string, Series[]>();
  for (const one of hits ?? []) {
    const list = byDevice.get(one.device);
    if (list) list.push(one);
    else byDevice.set(one.device, [one]);
  }
  return devices.flatMap((device): Branch[] => {
    const series = byDevice.get(device.id) ?? null;
    const own = folded(`${device.name} ${device.id}`);
    const isNamed = unit === null && words.every((word) => own.includes(word));
    if (!series) return isNamed ? [{ device, series: null }] : [];
    return [{ device, series: isNamed && series.length < device.series_count ? null : series }];
  });
}

/** What the gateway has to look for. */
export function filterOf(unit: string | null): SeriesFilter {
  if (unit === null) return {};
  return unit === SWITCH_KEY
    ? { type: "bool" }
    : { unit: unit.slice(unitKey({ type: "float", unit: "" }).length) };
}

/** `wantsUnits`: load the units to choose from. */
export function useTree(api: ApiClient, filter: Filter, wantsUnits: boolean) {
  const devices = useQuery(devicesQuery(api));
  const text = usePaused(filter.text);
  const isFiltered = filter.text.trim() !== "" || filter.unit !== null;
  const isSearching = text.trim() !== "" || filter.unit !== null;
  const search = useQuery({ ...seriesSearchQuery(api, text, filterOf(filter.unit)), enabled: isSearching });
  const listed = useQuery({ ...unitsQuery(api), enabled: wantsUnits });
  const hits = isSearching ? search.data : undefined;
  const branches = useMemo(
    () => branchesOf(devices.data ?? [], hits?.items ?? null, { text, unit: filter.unit }),
    [devices.data, hits, text, filter.unit],
  );
  const units = useMemo(
    () =>
      (listed.data ?? []).map(({ unit }): Unit => ({
        key: unitKey({ type: unit === null ? "bool" : "float", unit: unit ?? "" }),
        unit: unit ?? "",
      })),
    [listed.data],
  );
  return {
    devices,
    search,
    listed,
    branches,
    units,
    isFiltered,
    /** How many series match besides the hits. */
    more: hits && !search.isPlaceholderData ? hits.total - hits.items.length : 0,
    /** The rows are those of the search before. */
    isBehind: isFiltered && (text !== filter.text || search.isFetching),
  };
}
