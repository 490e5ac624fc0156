import { expect, it } from "vitest";
import { Drafts, forgetTabDrafts, TabDrafts } from "./drafts";

it("keeps what was typed until it is saved, and for its account only", () => {
  const drafts = new Drafts();
  drafts.belongTo("ada");
  drafts.set("user", { name: "Ada" });
  drafts.belongTo("ada");
  expect(drafts.get("user")).toEqual({ name: "Ada" });
  drafts.delete("user");
  expect(drafts.get("user")).toBeUndefined();
  drafts.set("user", { name: "Ada" });
  drafts.belongTo("eve");
  expect(drafts.get("user")).toBeUndefined();
});

it("keeps a draft of the tab across a reload, and survives a full or unreadable storage", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as unknown as Storage;
  new TabDrafts<{ a: number }>(() => storage, "p:").set("x", { a: 1 });
  const reloaded = new TabDrafts<{ a: number }>(() => storage, "p:");
  expect(reloaded.get("x")).toEqual({ a: 1 });
  reloaded.delete("x");
  expect(reloaded.get("x")).toBeNull();
  reloaded.set("y", { a: 1 });
  kept.set([...kept.keys()][0]!, "{");
  expect(reloaded.get("y")).toBeNull();
  const refusing = new TabDrafts<string>(() => {
    throw new DOMException("denied", "SecurityError");
  }, "p:");
  refusing.set("x", "typed");
  expect(refusing.get("x")).toBeNull();
});

it("removes all drafts of the tab at a sign-out, and nothing else", () => {
  const kept = new Map([["other", "1"]]);
  const storage = {
    get length() {
      return kept.size;
    },
    key: (place: number) => [...kept.keys()][place] ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  } as unknown as Storage;
  for (const prefix of ["a:", "b:"]) new TabDrafts<string>(() => storage, prefix).set("x", "typed");
  expect(kept.size).toBe(3);
  forgetTabDrafts(storage);
  expect([...kept.keys()]).toEqual(["other"]);
  forgetTabDrafts(null);
});
