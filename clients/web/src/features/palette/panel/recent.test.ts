// @vitest-environment jsdom
import { beforeEach, expect, it, vi } from "vitest";
import { recentKeys, rememberChoice } from "./recent";

beforeEach(() => localStorage.clear());

it("has the latest choice first, and each choice once", () => {
  for (const key of ["page:/users", "device:a", "page:/users"]) rememberChoice("ada", key);
  expect(recentKeys("ada")).toEqual(["page:/users", "device:a"]);
});

it("keeps the choices of each account apart", () => {
  rememberChoice("ada", "device:a");
  expect(recentKeys("grace")).toEqual([]);
});

it("keeps eight choices of ten accounts", () => {
  for (let n = 0; n < 20; n += 1) {
    rememberChoice("ada", `device:d${n}`);
    rememberChoice(`account-${n}`, "device:a");
  }
  expect(recentKeys("ada")).toHaveLength(8);
  expect(localStorage.length).toBe(10);
});

it("does not keep people", () => {
  rememberChoice("ada", "person:1");
  expect(localStorage.length).toBe(0);
});

it.each(["{", "5", '{"a":1}', '[5,null,"javascript:alert(1)","device:a"]'])(
  "survives %s in storage",
  (stored) => {
    localStorage.setItem("pulse_recent:ada", stored);
    expect(recentKeys("ada")).toEqual(stored.includes("device:a") ? ["device:a"] : []);
  },
);

it("works without storage", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("blocked", "SecurityError");
  });
  rememberChoice("ada", "device:a");
  expect(recentKeys("ada")).toEqual([]);
  vi.restoreAllMocks();
});
