import { describe, expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import { countChanges, isNameConflict, join, NAME, panelDifferences } from "./differences";
import { collide, compact, firstFree, inReadingOrder, movePanel, resizePanel, withPlaces } from "./layout";
import {
  asKind,
  newPanel,
  seriesIdsOf,
  withSeries,
  withUsualScale,
  type BoardContent,
  type Panel,
} from "./model";
import { overviewPanels } from "./overview";
import { change, redo, startWith, undo } from "./undo";
import { AS_DECLARED } from "@/testing/telemetry";

const text = (id: string, x: number, y: number, w = 4, h = 3): Panel => newPanel("text", id, { x, y, w, h });
const placesOf = (panels: readonly Panel[]) =>
  Object.fromEntries(panels.map(({ id, x, y, w, h }) => [id, [x, y, w, h]]));
const overlaps = (panels: readonly Panel[]) =>
  panels.some((a) => panels.some((b) => a.id < b.id && collide(a, b)));

describe("places on the grid", () => {
  it("puts a new panel into the first hole that is large enough", () => {
    const panels = [text("a", 0, 0), text("b", 8, 0), text("c", 0, 3, 12, 2)];
    expect(firstFree(panels, 4, 3)).toEqual({ x: 4, y: 0, w: 4, h: 3 });
    expect(firstFree(panels, 4, 4)).toEqual({ x: 0, y: 5, w: 4, h: 4 });
    expect(firstFree([], 8, 7)).toEqual({ x: 0, y: 0, w: 8, h: 7 });
  });

  it("closes gaps, and separates panels that overlap", () => {
    const panels = compact([text("a", 0, 5), text("b", 2, 5), text("c", 8, 90)]);
    expect(placesOf(panels)).toEqual({ a: [0, 0, 4, 3], b: [2, 3, 4, 3], c: [8, 0, 4, 3] });
  });

  it("never overlaps panels, wherever they are moved (random walk)", () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    let panels: readonly Panel[] = Array.from({ length: 9 }, (_, index) =>
      text(`p${index}`, random(9), random(20), 2 + random(2), 2 + random(4)),
    );
    panels = compact(panels);
    for (let step = 0; step < 400; step += 1) {
      const act = random(2) ? movePanel : resizePanel;
      panels = act(panels, `p${random(9)}`, (["left", "right", "up", "down"] as const)[random(4)]!);
      expect(overlaps(panels)).toBe(false);
      expect(compact(panels)).toEqual(panels);
      expect(panels.every(({ x, w }) => x >= 0 && x + w <= 12)).toBe(true);
    }
  });

  it("moves a panel past its neighbours, and does nothing at the edge", () => {
    const panels = [text("a", 0, 0), text("b", 0, 3), text("c", 4, 0)];
    expect(placesOf(movePanel(panels, "a", "down"))).toMatchObject({ b: [0, 0, 4, 3], a: [0, 3, 4, 3] });
    expect(placesOf(movePanel(panels, "b", "up"))).toMatchObject({ b: [0, 0, 4, 3], a: [0, 3, 4, 3] });
    expect(placesOf(movePanel(panels, "a", "right"))).toMatchObject({ a: [1, 0, 4, 3], c: [4, 3, 4, 3] });
    expect(movePanel(panels, "a", "left")).toBe(panels);
    expect(movePanel(panels, "a", "up")).toBe(panels);
    expect(movePanel(panels, "b", "down")).toBe(panels);
  });

  it("resizes within the smallest size of the kind and the width of the grid", () => {
    const panels = [text("a", 8, 0, 4, 3)];
    expect(resizePanel(panels, "a", "right")).toBe(panels);
    expect(resizePanel(panels, "a", "left")[0]).toMatchObject({ w: 3, h: 3 });
    expect(resizePanel(panels, "a", "down")[0]).toMatchObject({ w: 4, h: 4 });
    const least = [text("a", 0, 0, 2, 2)];
    expect(resizePanel(least, "a", "left")).toBe(least);
  });

  it("reads by row, then by column", () => {
    expect(inReadingOrder([text("c", 0, 3), text("b", 8, 0), text("a", 0, 0)]).map(({ id }) => id)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("keeps the list when a layout moved nothing", () => {
    const panels = [text("a", 0, 0)];
    expect(withPlaces(panels, [{ i: "a", x: 0, y: 0, w: 4, h: 3 }])).toBe(panels);
    expect(withPlaces(panels, [{ i: "a", x: 3, y: 0, w: 4, h: 3 }])[0]).toMatchObject({ x: 3 });
  });
});

describe("undo", () => {
  it("goes back and forth, and forgets what was undone after another change", () => {
    const two = change(change(startWith(0), 1), 2);
    expect(undo(two).present).toBe(1);
    expect(redo(undo(two)).present).toBe(2);
    const other = change(undo(two), 7);
    expect(redo(other)).toBe(other);
    expect(undo(startWith(0)).present).toBe(0);
  });

  it("takes typing in one field as one step", () => {
    const typed = ["R", "Ro", "Rot"].reduce(
      (state, title) => change(state, title, "title"),
      startWith("start"),
    );
    expect(undo(typed).present).toBe("start");
    expect(undo(change(typed, "other", "unit")).present).toBe("Rot");
  });
});

describe("two people", () => {
  const board = (...panels: Panel[]): BoardContent => ({ name: "Plant", shared: true, panels });
  const [a, b, c] = [text("a", 0, 0), text("b", 4, 0), text("c", 8, 0)] as const;
  const titled = (panel: Panel, title: string): Panel => ({ ...panel, title });
  const base = board(a, b);

  it("lists the panels that differ, and who changed them", () => {
    const mine = board(titled(a, "mine"), titled(b, "mine"));
    const theirs = board(a, titled(b, "theirs"), c);
    const found = panelDifferences(base, mine, theirs).map(({ id, changedBy }) => [id, changedBy]);
    expect(found).toEqual([
      ["a", "mine"],
      ["b", "both"],
      ["c", "theirs"],
    ]);
  });

  it("takes what only they changed, keeps mine elsewhere, and follows the choice", () => {
    const mine = board(titled(a, "mine"), titled(b, "mine"));
    const theirs = { ...board(a, titled(b, "theirs"), c), name: "Works" };
    const joined = join(base, mine, theirs, {});
    expect(joined.name).toBe("Works");
    expect(joined.panels.map(({ id, title }) => [id, title])).toEqual([
      ["a", "mine"],
      ["b", "mine"],
      ["c", ""],
    ]);
    const chosen = join(base, mine, theirs, { a: "theirs", b: "theirs" });
    expect(chosen.panels.map(({ title }) => title)).toEqual(["", "theirs", ""]);
  });

  it("keeps a panel removed that one side removed, unless the other changed it", () => {
    expect(join(base, board(a), board(a, b), {}).panels.map(({ id }) => id)).toEqual(["a"]);
    expect(join(base, base, board(a), {}).panels.map(({ id }) => id)).toEqual(["a"]);
    const [difference] = panelDifferences(base, board(a, titled(b, "mine")), board(a));
    expect(difference).toMatchObject({ id: "b", theirs: null, changedBy: "both" });
  });

  it("asks which name to take when both have changed it", () => {
    const named = (name: string): BoardContent => ({ name, shared: false, panels: [] });
    const [base, mine, theirs] = [named("Plant"), named("Line 2"), named("Line 1")];
    expect(isNameConflict(base, mine, theirs)).toBe(true);
    expect(join(base, mine, theirs, {}).name).toBe("Line 2");
    expect(join(base, mine, theirs, { [NAME]: "theirs" }).name).toBe("Line 1");
    expect(isNameConflict(base, base, theirs)).toBe(false);
    expect(isNameConflict(base, mine, mine)).toBe(false);
    expect(join(base, base, theirs, {}).name).toBe("Line 1");
  });

  it("ignores the order of members, and counts changes", () => {
    const shuffled = Object.fromEntries(Object.entries(a).reverse()) as Panel;
    expect(countChanges(board(a), board(shuffled))).toBe(0);
    expect(countChanges(base, { ...board(titled(a, "x"), c), name: "Other" })).toBe(4);
  });
});

describe("panels", () => {
  it("keeps series, title, unit and limits when its kind changes, as far as both have them", () => {
    const chart = {
      ...withSeries(newPanel("chart", "p", { x: 0, y: 0, w: 8, h: 7 }), [4, 5]),
      title: "T",
      unit: "°C",
    } as Panel;
    const number = asKind(chart, "number");
    expect(number).toMatchObject({ kind: "number", series: 4, title: "T", unit: "°C", w: 8 });
    expect(seriesIdsOf(asKind(chart, "table"))).toEqual([4, 5]);
    expect(seriesIdsOf(asKind(chart, "text"))).toEqual([]);
  });

  it("makes the overview of a device without overlaps and within the bounds", () => {
    const series: Series[] = Array.from({ length: 900 }, (_, id) => ({
      id,
      device: "d",
      name: `group${id % 90}.value${id}`,
      display_name: `Value ${id}`,
      type: "float",
      unit: "°C",
      interval_us: null,
      latest: null,
      ...AS_DECLARED,
    }));
    let made = 0;
    const panels = overviewPanels(series, () => `p${(made += 1)}`);
    expect(panels.length).toBeLessThanOrEqual(60);
    expect(panels.flatMap(seriesIdsOf).length).toBeLessThanOrEqual(500);
    expect(overlaps(panels)).toBe(false);
    expect(panels.slice(0, 6).every(({ kind }) => kind === "number")).toBe(true);
    expect(overviewPanels([], () => "x")).toEqual([]);
  });
});

it("gives a gauge the usual range of its series, unless somebody has set a scale", () => {
  const usual = { id: 7, expected_min: -20, expected_max: 60 } as Series;
  const known = new Map([[7, usual]]);
  const gauge = withSeries(newPanel("gauge", "g", { x: 0, y: 0, w: 4, h: 4 }), [7]);
  expect(withUsualScale(gauge, known)).toMatchObject({ min: -20, max: 60 });
  expect(withUsualScale({ ...gauge, max: 50 } as Panel, known)).toMatchObject({ min: 0, max: 50 });
  expect(withUsualScale(gauge, null)).toBe(gauge);
  expect(withUsualScale(gauge, new Map([[7, { ...usual, expected_max: null }]]))).toBe(gauge);
});
