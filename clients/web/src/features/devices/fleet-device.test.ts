import { describe, expect, it } from "vitest";
import type { Collector, Device } from "@/contracts/http";
import { aDevice } from "@/testing/telemetry";
import { joinFleet, stateOf } from "./fleet-device";
import {
  NO_FILTER,
  selectDevices,
  sitesOf,
  sortDevices,
  statesOf,
  tagsOf,
  type Filter,
} from "./fleet/fleet-list";

const device = (id: string, changes: Partial<Device> = {}): Device =>
  aDevice({ id, name: id, last_seen_at: "2026-11-26T14:00:00Z", ...changes });

const collector = (id: string, changes: Partial<Collector> = {}): Collector => ({
  id,
  kind: "collector",
  username: id,
  name: id,
  site: "",
  tags: [],
  state: "enabled",
  generation: 1,
  created_at: "2026-11-01T00:00:00Z",
  enrolled_at: "2026-11-01T00:00:00Z",
  code_expires_at: null,
  ...changes,
});

const one = (telemetry: Device | null, enrolment?: Collector) =>
  joinFleet(telemetry ? [telemetry] : [], enrolment && [enrolment], undefined)[0]!;

describe("joinFleet", () => {
  it("has a device once, also when it has sent nothing or its account is deleted", () => {
    const fleet = joinFleet(
      [device("a"), device("b")],
      [collector("b", { name: "Press" }), collector("c"), collector("d", { state: "deleted" })],
      undefined,
    );
    expect(fleet.map(({ id, name }) => [id, name])).toEqual([
      ["a", "a"],
      ["b", "Press"],
      ["c", "c"],
    ]);
  });

  it("shows telemetry alone to somebody who may not see collectors", () => {
    expect(one(device("a"))).toMatchObject({ name: "a", collector: null, mirror: null, isPlain: false });
  });
});

describe("stateOf", () => {
  it.each([
    ["Online", one(device("a"))],
    ["Offline", one(device("a", { online: false }))],
    ["Catching up", one(device("a", { waiting: 5_000 }))],
    ["Nearly full", one(device("a", { waiting: 5_000, buffer_fill: 0.91 }))],
    ["Buffer full", one(device("a", { waiting: 5_000, buffer_fill: 1 }))],
    ["Clock wrong", one(device("a", { clock_suspect: true }))],
    ["Two machines", one(device("a", { cloned: true, online: false }))],
    ["Seen", one(device("a", { online: null }))],
    ["Not enrolled", one(null, collector("a", { enrolled_at: null }))],
    ["No readings yet", one(null, collector("a"))],
    ["Disabled", one(device("a", { online: false }), collector("a", { state: "disabled" }))],
    ["Lost", one(device("a"), collector("a", { state: "lost" }))],
  ])("is %s", (label, found) => {
    expect(stateOf(found).label).toBe(label);
  });
});

describe("the list", () => {
  const fleet = joinFleet(
    [
      device("a10"),
      device("a9", { online: false }),
      device("p", { promise: "at_least_once", waiting: null }),
    ],
    [collector("a10", { tags: ["roof"], site: "Linz" })],
    undefined,
  );
  const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);

  it("starts with what needs attention, and sorts numbers in names", () => {
    expect(ids(sortDevices(fleet, "state"))).toEqual(["a9", "a10", "p"]);
    expect(ids(sortDevices(fleet, "name"))).toEqual(["a9", "a10", "p"]);
    expect(ids(sortDevices(fleet, "-name"))).toEqual(["p", "a10", "a9"]);
  });

  it.each<[Partial<Filter>, string[]]>([
    [{}, ["a10", "a9", "p"]],
    [{ search: "ROOF linz" }, ["a10"]],
    [{ view: "attention" }, ["a9"]],
    [{ view: "plain" }, ["p"]],
    [{ site: "Linz" }, ["a10"]],
    [{ site: "Lin" }, []],
    [{ tag: "roof" }, ["a10"]],
    [{ tag: "roof", view: "plain" }, []],
    [{ state: "offline" }, ["a9"]],
    [{ state: "online", site: "Linz" }, ["a10"]],
  ])("with the filter %o has %o", (filter, found) => {
    expect(ids(selectDevices(fleet, { ...NO_FILTER, ...filter }))).toEqual(found);
  });

  it("offers the sites, tags and states that devices have, with their counts", () => {
    expect(sitesOf(fleet)).toEqual([{ value: "Linz", count: 1 }]);
    expect(tagsOf(fleet)).toEqual([{ value: "roof", count: 1 }]);
    expect(statesOf(fleet)).toEqual([
      { value: "online", count: 2 },
      { value: "offline", count: 1 },
    ]);
  });
});
