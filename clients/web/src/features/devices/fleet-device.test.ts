import { describe, expect, it } from "vitest";
import type { Collector, Device } from "@/contracts/http";
import { aDevice } from "@/testing/telemetry";
import { joinFleet, stateOf } from "./fleet-device";
import { selectDevices, sortDevices } from "./fleet/fleet-list";

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

  it("finds by site and tag, and by view", () => {
    expect(ids(selectDevices(fleet, "all", "ROOF linz"))).toEqual(["a10"]);
    expect(ids(selectDevices(fleet, "attention", ""))).toEqual(["a9"]);
    expect(ids(selectDevices(fleet, "plain", ""))).toEqual(["p"]);
  });
});
