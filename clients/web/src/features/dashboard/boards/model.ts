// What a dashboard of a user consists of. The telemetry gateway stores it and checks the same bounds.

import type { Answer, Series } from "@/contracts/http";

/** A stored dashboard. */
export type Board = Answer<"/api/telemetry/dashboards/{id}", "get">;
export type BoardSummary = Answer<"/api/telemetry/dashboards", "get">["items"][number];
/** What a person edits. */
export type BoardContent = Pick<Board, "name" | "shared" | "panels">;

export type Panel = Board["panels"][number];
export type PanelKind = Panel["kind"];
export type PanelOf<Kind extends PanelKind> = Extract<Panel, { readonly kind: Kind }>;
export type Axis = PanelOf<"chart">["axis"];
export type Limit = PanelOf<"chart">["limits"][number];
export type Severity = Limit["severity"];

/** A place on the grid of 12 columns. One row is 40 px high, with a gap of 16 px. */
export type Place = Pick<Panel, "x" | "y" | "w" | "h">;

export const COLUMNS = 12;
export const ROW_PX = 40;
export const GAP_PX = 16;
export const MOST = { panels: 60, series: 500, height: 40, name: 80, title: 120, text: 4_000, limits: 8 };

/** The kinds in the order of the drawer. `size`: of a new panel. `least`: the smallest readable size. */
export const KINDS: readonly {
  readonly kind: PanelKind;
  readonly size: readonly [w: number, h: number];
  readonly least: readonly [w: number, h: number];
  /** How many series one panel shows. */
  readonly mostSeries: number;
}[] = [
  { kind: "chart", size: [8, 7], least: [3, 4], mostSeries: 50 },
  { kind: "number", size: [4, 2], least: [2, 2], mostSeries: 1 },
  { kind: "gauge", size: [4, 4], least: [2, 4], mostSeries: 1 },
  { kind: "switch", size: [4, 4], least: [2, 2], mostSeries: 50 },
  { kind: "table", size: [4, 6], least: [3, 3], mostSeries: 200 },
  { kind: "text", size: [4, 3], least: [2, 2], mostSeries: 0 },
];

export function kindOf(kind: PanelKind) {
  return KINDS.find((one) => one.kind === kind)!;
}

/** The ids of the series that a panel shows. */
export function seriesIdsOf(panel: Panel): readonly number[] {
  switch (panel.kind) {
    case "text":
      return [];
    case "number":
    case "gauge":
      return panel.series === null ? [] : [panel.series];
    default:
      return panel.series;
  }
}

/** The ids of all series of a dashboard, each once. */
export function allSeriesIds(panels: readonly Panel[]): readonly number[] {
  return [...new Set(panels.flatMap(seriesIdsOf))];
}

/** A new panel of `kind` with the usual settings. */
export function newPanel(
  kind: PanelKind,
  id: string,
  place: Place,
  labels = { on: "On", off: "Off" },
): Panel {
  const common = { id, title: "", ...place };
  const measured = { unit: null, decimals: null, limits: [] };
  switch (kind) {
    case "chart":
      return {
        ...common,
        ...measured,
        kind,
        series: [],
        axis: { mode: "auto", min: null, max: null },
        show_table: false,
        shade: true,
      };
    case "number":
      return { ...common, ...measured, kind, series: null, show_sparkline: true };
    case "gauge":
      return { ...common, ...measured, kind, series: null, min: 0, max: 100 };
    case "switch":
      return { ...common, kind, series: [], labels };
    case "table":
      return { ...common, kind, series: [], decimals: null };
    case "text":
      return { ...common, kind, text: "" };
  }
}

/** `panel` as another kind: keeps its place, its title, its series and what both kinds have. */
export function asKind(panel: Panel, kind: PanelKind, labels?: { on: string; off: string }): Panel {
  if (panel.kind === kind) return panel;
  const { w: leastW, h: leastH } = sizeOf(kindOf(kind).least);
  const place = { x: panel.x, y: panel.y, w: Math.max(panel.w, leastW), h: Math.max(panel.h, leastH) };
  const made = newPanel(kind, panel.id, { ...place, x: Math.min(place.x, COLUMNS - place.w) }, labels);
  const kept: Record<string, unknown> = { title: panel.title };
  for (const field of ["unit", "decimals", "limits"] as const)
    if (field in panel && field in made) kept[field] = panel[field as keyof Panel];
  return withSeries({ ...made, ...kept } as Panel, seriesIdsOf(panel));
}

/** `panel` with these series, as many as its kind shows. */
export function withSeries(panel: Panel, ids: readonly number[]): Panel {
  switch (panel.kind) {
    case "text":
      return panel;
    case "number":
    case "gauge":
      return { ...panel, series: ids[0] ?? null };
    default:
      return { ...panel, series: ids.slice(0, kindOf(panel.kind).mostSeries) };
  }
}

/** A gauge whose scale nobody has set gets the usual range of its series. */
export function withUsualScale(panel: Panel, series: ReadonlyMap<number, Series> | null): Panel {
  if (panel.kind !== "gauge" || panel.min !== 0 || panel.max !== 100) return panel;
  const { expected_min: min = null, expected_max: max = null } = series?.get(panel.series ?? -1) ?? {};
  return min === null || max === null ? panel : { ...panel, min, max };
}

function sizeOf([w, h]: readonly [number, number]) {
  return { w, h };
}
