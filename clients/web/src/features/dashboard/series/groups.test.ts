import { expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import { groupSeries } from "./groups";
import { AS_DECLARED } from "@/testing/telemetry";

const series = (name: string, unit: string, type: Series["type"] = "float"): Series => ({
  id: name.length,
  device: "d",
  name,
  display_name: name,
  type,
  unit,
  ...AS_DECLARED,
  interval_us: null,
  latest: null,
});

const shape = (list: Series[]) =>
  groupSeries(list).map(({ key, title, series: members }) => [key, title, members.map(({ name }) => name)]);

it("puts series of one prefix and one unit in one chart, the most significant first", () => {
  const list = [series("cpu.total", "%"), series("memory.used", "B"), series("cpu.core0", "%")];
  expect(shape(list)).toEqual([
    ["cpu", "CPU", ["cpu.total", "cpu.core0"]],
    ["memory", "Memory", ["memory.used"]],
  ]);
});

it("never puts two units, or switches and numbers, on one axis", () => {
  const list = [
    series("sim.sine", "V"),
    series("sim.temp", "°C"),
    series("sim.door", "", "bool"),
    series("sim.n", ""),
    series("sim.counter.1", ""),
    series("sim.counter.2", ""),
  ];
  expect(shape(list)).toEqual([
    ["sim", "Simulated signals, V", ["sim.sine"]],
    ["sim-c", "Simulated signals, °C", ["sim.temp"]],
    ["sim-counter", "Simulated signals, counter", ["sim.counter.1", "sim.counter.2"]],
    ["sim-n", "sim.n", ["sim.n"]],
    ["sim-on-off", "sim.door", ["sim.door"]],
  ]);
});

it("puts CPU in percent first, in any order of the series", () => {
  const list = [series("cpu.load1", ""), series("disk.read", "B/s"), series("cpu.total", "%")];
  expect(shape(list)).toEqual([
    ["cpu", "CPU", ["cpu.total"]],
    ["disk", "Disk", ["disk.read"]],
    ["cpu-load", "cpu.load1", ["cpu.load1"]],
  ]);
});

it("gives neighbours different colours", () => {
  const list = [series("cpu.total", "%"), series("memory.percent", "%"), series("disk.percent", "%")];
  expect(groupSeries(list).map(({ firstColor }) => firstColor)).toEqual([0, 1, 2]);
});

it("splits a group that is too large for one chart", () => {
  const list = Array.from({ length: 19 }, (_, index) => series(`core_temp.${index}`, "°C"));
  expect(groupSeries(list).map(({ key, series: members }) => [key, members.length])).toEqual([
    ["core_temp", 8],
    ["core_temp-2", 8],
    ["core_temp-3", 3],
  ]);
});

it("gives every panel a unique title", () => {
  const many = Array.from({ length: 19 }, (_, index) => series(`core_temp.${index}`, "°C"));
  const alike = ["a.x", "b.x"].map((name) => ({ ...series(name, ""), display_name: "Temperature" }));
  const list = [...many, ...alike, series("sim.a", "V"), series("sim.b", "°C"), series("sim.c", "bar")];
  const titles = groupSeries(list).map(({ title }) => title);
  expect(new Set(titles).size, titles.join("; ")).toBe(titles.length);
  expect(titles).toContain("Core temp, core_temp.0 to core_temp.7");
  expect(titles).toContain("Simulated signals, bar");
});
