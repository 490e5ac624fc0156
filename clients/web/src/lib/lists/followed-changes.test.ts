import { afterEach, expect, it } from "vitest";
import { pollUnlessFollowed, setFollowed } from "./followed-changes";

const LOADED = { state: { status: "success" } };

afterEach(() => {
  setFollowed("/people", false);
  setFollowed("/mirror", false);
});

it("polls while one of the namespaces is not followed", () => {
  const interval = pollUnlessFollowed(["/people", "/mirror"], 10_000);
  expect(interval(LOADED)).toBe(10_000);
  setFollowed("/people", true);
  expect(interval(LOADED)).toBe(10_000);
  setFollowed("/mirror", true);
  expect(interval(LOADED)).toBe(false);
  setFollowed("/people", false);
  expect(interval(LOADED)).toBe(10_000);
});

it("polls slowly for ages, which no change reports", () => {
  setFollowed("/mirror", true);
  expect(pollUnlessFollowed(["/mirror"], 10_000, 60_000)(LOADED)).toBe(60_000);
});

it("polls after a failed load, since nothing else would load the list again", () => {
  setFollowed("/people", true);
  expect(pollUnlessFollowed(["/people"], 10_000)({ state: { status: "error" } })).toBe(10_000);
});
