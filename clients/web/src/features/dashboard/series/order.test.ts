import { expect, it } from "vitest";
import { bySignificance } from "./order";

const one = (name: string, unit = "", type: "float" | "int" | "bool" = "float") => ({ name, unit, type });
const names = (list: ReturnType<typeof one>[]) => bySignificance(list).map(({ name }) => name);

const HOST = [
  one("cpu.load1"),
  one("cpu.total", "%"),
  one("disk.percent", "%"),
  one("disk.read", "B/s"),
  one("disk.write", "B/s"),
  one("memory.percent", "%"),
  one("memory.used", "B", "int"),
  one("network.received", "B/s"),
  one("network.sent", "B/s"),
  one("processes.count", "", "int"),
  one("sim.counter.1", "", "int"),
  one("sim.wave.1", "V"),
  one("swap.percent", "%"),
];

const EXPECTED = [
  "cpu.total",
  "memory.percent",
  "disk.percent",
  "network.received",
  "network.sent",
  "swap.percent",
  "disk.read",
  "disk.write",
  "memory.used",
  "cpu.load1",
  "processes.count",
  "sim.wave.1",
  "sim.counter.1",
];

it("starts with the headlines of a computer and ends with simulated series", () => {
  expect(names(HOST)).toEqual(EXPECTED);
});

it("does not depend on the given order, and does not change the list", () => {
  const reversed = [...HOST].reverse();
  expect(names(reversed)).toEqual(EXPECTED);
  expect(reversed[0]!.name).toBe("swap.percent");
});

it("orders an unknown device: percentages, values with a unit, plain numbers, switches", () => {
  const list = [
    one("press.door", "", "bool"),
    one("press.cycles", "", "int"),
    one("press.temp.10", "°C"),
    one("press.temp.2", "°C"),
    one("press.humidity", "%"),
  ];
  expect(names(list)).toEqual([
    "press.humidity",
    "press.temp.2",
    "press.temp.10",
    "press.cycles",
    "press.door",
  ]);
});

it("detects simulated series by a whole word", () => {
  expect(names([one("sim.a", "%"), one("simple.b")])).toEqual(["simple.b", "sim.a"]);
});
