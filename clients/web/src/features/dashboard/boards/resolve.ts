// From the ids that a dashboard stores to series with names that a person can tell apart.
import type { Series, ShownDevice } from "@/contracts/http";
import { allSeriesIds, seriesIdsOf, type Panel } from "./model";

export type Resolved = {
  /** In the order of the panel. */
  readonly series: readonly Series[];
  /** How many series of the panel do not exist any more. */
  readonly missing: number;
};

/** The series of a panel. When they belong to several devices, each name gets the name of its device. */
export function resolve(
  panel: Panel,
  byId: ReadonlyMap<number, Series>,
  devices: readonly ShownDevice[],
): Resolved {
  const ids = seriesIdsOf(panel);
  const found = ids.flatMap((id) => byId.get(id) ?? []);
  const areSeveral = new Set(found.map(({ device }) => device)).size > 1;
  const series = areSeveral
    ? found.map((one) => ({
        ...one,
        display_name: `${one.display_name} · ${devices.find(({ id }) => id === one.device)?.name ?? one.device}`,
      }))
    : found;
  return { series, missing: ids.length - found.length };
}

/** What the live feed has to show for a dashboard: its series and their devices. */
export function feedSelection(
  panels: readonly Panel[],
  byId: ReadonlyMap<number, Series>,
  devices: readonly ShownDevice[],
): { series: readonly Series[]; devices: readonly ShownDevice[] } {
  const series = allSeriesIds(panels).flatMap((id) => byId.get(id) ?? []);
  const names = new Set(series.map(({ device }) => device));
  return { series, devices: devices.filter(({ id }) => names.has(id)) };
}
