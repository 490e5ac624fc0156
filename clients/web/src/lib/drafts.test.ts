import { expect, it } from "vitest";
import { Drafts, TabDrafts } from "./drafts";

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
  kept.set("p:y", "{");
  expect(reloaded.get("y")).toBeNull();
  const refusing = new TabDrafts<string>(() => {
    throw new DOMException("denied", "SecurityError");
  }, "p:");
  refusing.set("x", "typed");
  expect(refusing.get("x")).toBeNull();
});
