import { describe, expect, it } from "vitest";
import { Cpu } from "lucide-react";
import { KINDS, type Entry, type Kind } from "../types";
import { groupsOf, type Sources } from "./groups";
import { indexed, wordsOf } from "./rank";

const entry = (kind: Kind, id: string, title = id): Entry => ({
  key: `${kind}:${id}`,
  kind,
  title,
  icon: Cpu,
  target: { href: "/" },
});

function sourcesOf(entries: readonly Entry[]): Sources {
  const of = (kind: Kind) => indexed(entries.filter((one) => one.kind === kind));
  return Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Sources;
}

const shown = (entries: readonly Entry[], text: string, recent: readonly string[] = []) =>
  groupsOf(sourcesOf(entries), wordsOf(text), recent).map((group) => [
    group.name,
    group.entries.map(({ key }) => key),
  ]);

describe("the groups of the search", () => {
  const all = [
    entry("page", "devices", "Devices"),
    entry("device", "press", "Press"),
    entry("action", "dark", "Dark theme"),
    entry("series", "press:1", "Press temperature"),
    entry("person", "ada", "Ada Lovelace"),
  ];

  it("shows pages and actions before anything is typed", () => {
    expect(shown(all, "")).toEqual([
      ["page", ["page:devices"]],
      ["action", ["action:dark"]],
    ]);
  });

  it("shows the latest choices first, and in no other group", () => {
    expect(shown(all, "", ["action:dark", "device:press"])).toEqual([
      ["recent", ["action:dark", "device:press"]],
      ["page", ["page:devices"]],
    ]);
  });

  it("leaves out choices that do not match, or do not exist for this account", () => {
    expect(shown(all, "press", ["action:dark", "device:gone", "page:/users"])[0]).toEqual([
      "device",
      ["device:press"],
    ]);
  });

  it("puts the group with the best entry first", () => {
    expect(shown(all, "dark")[0]).toEqual(["action", ["action:dark"]]);
  });

  it("puts series and people last, because they arrive later", () => {
    const people = [entry("device", "x", "The press"), entry("person", "p", "press"), ...all];
    const names = shown(people, "press").map(([name]) => name);
    expect(names).toEqual(["device", "series", "person"]);
  });

  it("leaves out the people of the search before", () => {
    expect(shown(all, "love")).toEqual([["person", ["person:ada"]]]);
    expect(shown(all, "grace")).toEqual([]);
  });

  it("limits the rows of a group, and counts all of them", () => {
    const many = Array.from({ length: 2_000 }, (_, n) => entry("device", `pump-${n}`));
    const [group] = groupsOf(sourcesOf(many), ["pump"], []);
    expect(group).toMatchObject({ name: "device", total: 2_000 });
    expect(group?.entries).toHaveLength(8);
  });
});
