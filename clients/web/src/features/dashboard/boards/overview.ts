// The overview of a device as panels, so that a person can start from it.
import type { Series } from "@/contracts/http";
import { groupSeries } from "../series/groups";
import { bySignificance } from "../series/order";
import { compact } from "./layout";
import { MOST, newPanel, withSeries, type Panel, type PanelKind, type Place } from "./model";

const TILES = 6;
const TABLE_SERIES = 200;

/** Panels like those of the device overview: six values, the main chart beside a table, and the other charts in pairs. */
export function overviewPanels(series: readonly Series[], newId: () => string): Panel[] {
  const ordered = bySignificance(series);
  const [main, ...others] = groupSeries(series);
  const panels: Panel[] = [];
  let left = MOST.series;
  const add = (kind: PanelKind, place: Place, title: string, members: readonly Series[]) => {
    if (members.length === 0 || members.length > left || panels.length >= MOST.panels) return;
    left -= members.length;
    const ids = members.map(({ id }) => id);
    panels.push({ ...withSeries(newPanel(kind, newId(), place), ids), title: title.slice(0, MOST.title) });
  };
  ordered
    .slice(0, TILES)
    .forEach((one, index) => add("number", { x: index * 2, y: 0, w: 2, h: 2 }, "", [one]));
  if (main) add("chart", { x: 0, y: 2, w: 8, h: 8 }, main.title, main.series);
  add("table", { x: 8, y: 2, w: 4, h: 8 }, "", ordered.slice(0, TABLE_SERIES));
  others.forEach((group, index) =>
    add(
      "chart",
      { x: (index % 2) * 6, y: 10 + Math.floor(index / 2) * 6, w: 6, h: 6 },
      group.title,
      group.series,
    ),
  );
  return compact(panels);
}
