import { describe, expect, it } from "vitest";
import type { Device, Series } from "@/contracts/http";
import { unitKey } from "../lines";
import { branchesOf, filterOf, NO_FILTER } from "./use-tree";

const device = (id: string, name = id, series_count = 2) => ({ id, name, series_count }) as Device;
const series = (id: number, of: string) => ({ id, device: of }) as Series;

const devices = [device("press-4", "Drive train line 4"), device("boiler", "Kühlhaus"), device("roof")];
const shown = (hits: readonly Series[] | null, text: string, unit: string | null = null) =>
  branchesOf(devices, hits, { text, unit }).map(({ device: { id }, series: list }) => [
    id,
    list?.map((one) => one.id) ?? null,
  ]);

describe("the tree", () => {
  it("shows every device closed without a search", () => {
    expect(branchesOf(devices, null, NO_FILTER).map(({ series: list }) => list)).toEqual([null, null, null]);
  });

  it("shows the hits below their devices, in the order of the devices", () => {
    expect(shown([series(3, "boiler"), series(1, "press-4")], "pressure")).toEqual([
      ["press-4", [1]],
      ["boiler", [3]],
    ]);
    expect(shown([], "nothing like this")).toEqual([]);
  });

  it("shows a device whose name matches although no series of it is among the hits", () => {
    expect(shown(null, "roof")).toEqual([["roof", null]]);
    expect(shown([], "KUHL")).toEqual([["boiler", null]]);
  });

  it("lets a device whose name matches load the series that the hits leave out", () => {
    expect(shown([series(1, "press-4")], "line 4")).toEqual([["press-4", null]]);
    expect(shown([series(1, "press-4"), series(2, "press-4")], "line 4")).toEqual([["press-4", [1, 2]]]);
  });

  it("shows only hits when a unit is chosen", () => {
    expect(shown([series(3, "boiler")], "kuhl", unitKey({ type: "float", unit: "bar" }))).toEqual([
      ["boiler", [3]],
    ]);
    expect(shown([], "kuhl", unitKey({ type: "float", unit: "bar" }))).toEqual([]);
  });

  it("asks for switches apart from numbers without a unit", () => {
    expect(filterOf(null)).toEqual({});
    expect(filterOf(unitKey({ type: "bool", unit: "" }))).toEqual({ type: "bool" });
    expect(filterOf(unitKey({ type: "float", unit: "" }))).toEqual({ unit: "" });
    expect(filterOf(unitKey({ type: "int", unit: "unit:x" }))).toEqual({ unit: "unit:x" });
  });
});
