import { describe, expect, it } from "vitest";
import type { Collector } from "@/contracts/http";
import type { FleetDevice } from "../../fleet-device";
import { described, planOf, type FleetAction } from "./changes";

const device = (
  id: string,
  tags: string[] = [],
  state: Collector["state"] | null = "enabled",
): FleetDevice => ({
  id,
  name: id,
  site: id === "linz" ? "Linz" : "",
  tags,
  isPlain: false,
  telemetry: null,
  collector: state && ({ id, state, tags } as unknown as Collector),
  mirror: null,
});

const FLEET = [
  device("linz", ["roof"]),
  device("off", [], "disabled"),
  device("gone", [], "lost"),
  device("alone", [], null),
  device(
    "full",
    Array.from({ length: 20 }, (_, n) => `t${n}`),
  ),
];

describe("planOf", () => {
  it.each<[FleetAction, string, string[], string[], string[]]>([
    ["add_tag", "roof", ["off", "gone"], ["linz"], ["alone: no_account", "full: too_many_tags"]],
    ["remove_tag", "roof", ["linz"], ["off", "gone", "full"], ["alone: no_account"]],
    ["move", "Linz", ["off", "gone", "full"], ["linz"], ["alone: no_account"]],
    ["disable", "", ["linz", "full"], ["off"], ["gone: lost", "alone: no_account"]],
    ["enable", "", ["off"], ["linz", "full"], ["gone: lost", "alone: no_account"]],
  ])("%s %s", (action, text, changing, unchanged, leftOut) => {
    const plan = planOf({ action, text }, FLEET);
    expect(plan.changing.map(({ id }) => id)).toEqual(changing);
    expect(plan.unchanged.map(({ id }) => id)).toEqual(unchanged);
    expect(plan.leftOut.map(({ device: { id }, why }) => `${id}: ${why}`)).toEqual(leftOut);
  });
});

describe("described", () => {
  const before = { site: "Linz", tags: ["a", "b"] };

  it.each<[FleetAction, string, { site: string; tags: string[] }]>([
    ["add_tag", "c", { site: "Linz", tags: ["a", "b", "c"] }],
    ["add_tag", "a", { site: "Linz", tags: ["b", "a"] }],
    ["remove_tag", "a", { site: "Linz", tags: ["b"] }],
    ["move", "Graz", { site: "Graz", tags: ["a", "b"] }],
  ])("%s %s", (action, text, after) => {
    expect(described({ action, text }, before)).toEqual(after);
  });
});
