// The charts of a question as panels of a dashboard: one for each unit, as the explorer shows them. Pure functions.
import { byUnit } from "../lines";
import type { UnitLimit } from "../question";
import type { ChosenSeries } from "../use-chosen";
import type { Panel } from "./queries";

const [WIDTH, HEIGHT] = [12, 7];
const MOST_LIMITS = 8;
const MOST_TITLE = 120;
/** The bounds of one dashboard, which the gateway checks too. */
export const MOST = { panels: 60, series: 500 };

type Labels = { on: string; off: string };

/** Panels for `chosen`, below `panels`. The gateway chooses nothing: places and ids are made here. */
export function chartsOf(
  chosen: readonly ChosenSeries[],
  limits: readonly UnitLimit[],
  panels: readonly Panel[],
  labels: Labels,
  prefix = "explore",
): Panel[] {
  const taken = new Set(panels.map(({ id }) => id));
  const bottom = Math.max(0, ...panels.map(({ y, h }) => y + h));
  let number = 0;
  const newId = () => {
    let id = "";
    do id = `${prefix}-${++number}`;
    while (taken.has(id));
    taken.add(id);
    return id;
  };
  return byUnit(chosen).map(({ unit, isSwitch, series: members }, place): Panel => {
    const common = {
      id: newId(),
      title: members
        .map(({ series }) => series.display_name)
        .join(", ")
        .slice(0, MOST_TITLE),
      x: 0,
      y: bottom + place * HEIGHT,
      w: WIDTH,
      h: HEIGHT,
      series: members.map(({ series }) => series.id),
    };
    if (isSwitch) return { ...common, kind: "switch", labels };
    return {
      ...common,
      kind: "chart",
      unit: null,
      decimals: null,
      limits: limits
        .filter((limit) => limit.unit === unit)
        .slice(0, MOST_LIMITS)
        .map(({ severity, direction, value }) => ({ severity, direction, value })),
      axis: { mode: "auto", min: null, max: null },
      show_table: false,
      shade: true,
    };
  });
}

/** Whether a dashboard has room for `added`. */
export function hasRoom(panels: readonly Panel[], added: readonly Panel[]): boolean {
  const all = [...panels, ...added];
  const series = all.flatMap((panel) =>
    panel.kind === "text" ? [] : [panel.series].flat().filter((id) => id !== null),
  );
  return all.length <= MOST.panels && series.length <= MOST.series;
}
