import { describe, expect, it } from "vitest";
import type { Device, Series } from "@/contracts/http";
import { unitKey } from "../lines";
import { branchesOf, NO_FILTER, unitsOf } from "./use-tree";

const device = (id: string, name = id) => ({ id, name }) as Device;
const series = (id: number, of: string, name: string, unit = "°C", type: Series["type"] = "float") =>
  ({ id, device: of, name, display_name: name, unit, type }) as Series;

const devices = [device("press-4", "Drive train line 4"), device("boiler", "Kühlhaus"), device("roof")];
const all = [
  series(1, "press-4", "Bearing A-01"),
  series(2, "press-4", "Running", "", "bool"),
  series(3, "boiler", "Line pressure", "bar"),
];
const found = (text: string, unit: string | null = null) =>
  branchesOf(devices, all, { text, unit }).map(({ device: { id }, series: list }) => [
    id,
    list?.map((one) => one.id) ?? null,
  ]);

describe("the tree", () => {
  it("shows every device closed without a search", () => {
    expect(branchesOf(devices, null, NO_FILTER).map(({ series: list }) => list)).toEqual([null, null, null]);
  });

  it("finds words in the names of devices and series together", () => {
    expect(found("line 4 bear")).toEqual([["press-4", [1]]]);
    expect(found("line")).toEqual([
      ["press-4", [1, 2]],
      ["boiler", [3]],
    ]);
    expect(found("nothing like this")).toEqual([]);
  });

  it("ignores case and accents", () => {
    expect(found("KUHL")).toEqual([["boiler", [3]]]);
  });

  it("shows a device whose name matches although it has no series", () => {
    expect(found("roof")).toEqual([["roof", null]]);
  });

  it("filters by unit, and switches apart from numbers without a unit", () => {
    expect(found("", unitKey({ type: "bool", unit: "" }))).toEqual([["press-4", [2]]]);
    expect(found("line", unitKey({ type: "float", unit: "bar" }))).toEqual([["boiler", [3]]]);
    expect(unitsOf(all).map(({ unit }) => unit)).toHaveLength(3);
  });

  it("finds one series among 20,000", () => {
    const many = Array.from({ length: 2_000 }, (_, place) => device(`d-${place}`));
    const list = Array.from({ length: 20_000 }, (_, id) => series(id, `d-${id % 2_000}`, `sensor ${id}`));
    const hits = branchesOf(many, list, { text: "d-1999 sensor 19999", unit: null });
    expect(hits.map(({ series: of }) => of?.map(({ id }) => id))).toEqual([[19_999]]);
  });
});
