import { afterEach, expect, it } from "vitest";
import { pollUnlessFollowed, setFollowed } from "./followed-changes";

afterEach(() => {
  setFollowed("/people", false);
  setFollowed("/mirror", false);
});

it("polls while one of the namespaces is not followed", () => {
  const interval = pollUnlessFollowed(["/people", "/mirror"], 10_000);
  expect(interval()).toBe(10_000);
  setFollowed("/people", true);
  expect(interval()).toBe(10_000);
  setFollowed("/mirror", true);
  expect(interval()).toBe(false);
  setFollowed("/people", false);
  expect(interval()).toBe(10_000);
});

it("polls slowly for ages, which no change reports", () => {
  setFollowed("/mirror", true);
  expect(pollUnlessFollowed(["/mirror"], 10_000, 60_000)()).toBe(60_000);
});
