// Places on the grid of a dashboard. Pure functions. Panels have no gap above them: they move up as far as they can.
import { COLUMNS, kindOf, MOST, type Panel, type Place } from "./model";

type Placed = Place & { readonly id: string };

export function collide(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** The first place for a panel of `w` × `h`: from the top, from the left. */
export function firstFree(panels: readonly Place[], w: number, h: number): Place {
  const bottom = Math.max(0, ...panels.map((one) => one.y + one.h));
  for (let y = 0; y < bottom; y += 1) {
    for (let x = 0; x + w <= COLUMNS; x += 1) {
      const place = { x, y, w, h };
      if (!panels.some((one) => collide(place, one))) return place;
    }
  }
  return { x: 0, y: bottom, w, h };
}

/**
 * Moves every panel up as far as it can, and panels that overlap down. `first` keeps its place when it meets another one.
 * The order of the list stays.
 */
export function compact<P extends Placed>(panels: readonly P[], first?: string): P[] {
  const done: P[] = [];
  for (const panel of inReadingOrder(panels, first)) {
    let { y } = panel;
    const isTaken = (at: number) => done.some((one) => collide({ ...panel, y: at }, one));
    while (isTaken(y)) y += 1;
    while (y > 0 && !isTaken(y - 1)) y -= 1;
    done.push(y === panel.y ? panel : { ...panel, y });
  }
  const byId = new Map(done.map((panel) => [panel.id, panel]));
  return panels.map(({ id }) => byId.get(id)!);
}

/** The order on a phone, and the order of the Tab key: by row, then by column. */
export function inReadingOrder<P extends Placed>(panels: readonly P[], first?: string): P[] {
  return [...panels].sort(
    (a, b) => a.y - b.y || Number(b.id === first) - Number(a.id === first) || a.x - b.x,
  );
}

export type Direction = "left" | "right" | "up" | "down";

/** Moves a panel by one column, or past the next panel above or below it. Unchanged at the edge. */
export function movePanel(panels: readonly Panel[], id: string, direction: Direction): readonly Panel[] {
  const panel = panels.find((one) => one.id === id);
  if (!panel) return panels;
  const to = targetOf(panels, panel, direction);
  return to ? replaced(panels, { ...panel, ...to }) : panels;
}

function targetOf(panels: readonly Panel[], panel: Panel, direction: Direction): Partial<Place> | null {
  if (direction === "left") return panel.x > 0 ? { x: panel.x - 1 } : null;
  if (direction === "right") return panel.x + panel.w < COLUMNS ? { x: panel.x + 1 } : null;
  const inColumn = panels.filter(
    (one) => one.id !== panel.id && one.x < panel.x + panel.w && panel.x < one.x + one.w,
  );
  if (direction === "up") {
    const above = inColumn.filter((one) => one.y < panel.y);
    return above.length ? { y: Math.max(...above.map((one) => one.y)) } : null;
  }
  const below = inColumn.filter((one) => one.y >= panel.y + panel.h);
  if (below.length === 0) return null;
  const next = below.reduce((a, b) => (b.y < a.y ? b : a));
  // The next panel moves up by the height of this one, and this one follows it.
  return { y: next.y + next.h };
}

/** Makes a panel one column or one row larger or smaller. Unchanged at its smallest and largest size. */
export function resizePanel(panels: readonly Panel[], id: string, direction: Direction): readonly Panel[] {
  const panel = panels.find((one) => one.id === id);
  if (!panel) return panels;
  const [leastW, leastH] = kindOf(panel.kind).least;
  const w = panel.w + (direction === "right" ? 1 : direction === "left" ? -1 : 0);
  const h = panel.h + (direction === "down" ? 1 : direction === "up" ? -1 : 0);
  const size = {
    w: Math.min(COLUMNS - panel.x, Math.max(Math.min(leastW, panel.w), w)),
    h: Math.min(MOST.height, Math.max(Math.min(leastH, panel.h), h)),
  };
  if (size.w === panel.w && size.h === panel.h) return panels;
  return replaced(panels, { ...panel, ...size });
}

function replaced(panels: readonly Panel[], moved: Panel): readonly Panel[] {
  return compact(
    panels.map((one) => (one.id === moved.id ? moved : one)),
    moved.id,
  );
}

/** The panels with the places of `layout`, and without gaps. Returns `panels` itself when nothing has moved. */
export function withPlaces(
  panels: readonly Panel[],
  layout: readonly ({ i: string } & Place)[],
): readonly Panel[] {
  const places = new Map(layout.map((one) => [one.i, one]));
  let hasMoved = false;
  const moved = panels.map((panel) => {
    const { x, y, w, h } = places.get(panel.id) ?? panel;
    if (x === panel.x && y === panel.y && w === panel.w && h === panel.h) return panel;
    hasMoved = true;
    return { ...panel, x, y, w, h };
  });
  return hasMoved ? compact(moved) : panels;
}
