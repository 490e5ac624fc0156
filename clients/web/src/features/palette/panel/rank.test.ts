import { describe, expect, it } from "vitest";
import { Cpu } from "lucide-react";
import type { Entry } from "../types";
import { find, indexed, wordsOf } from "./rank";

const entry = (title: string, detail?: string, words?: string): Entry => ({
  key: `device:${title}`,
  kind: "device",
  title,
  detail,
  words,
  icon: Cpu,
  target: { href: "/" },
});

const titles = (entries: readonly Entry[], text: string, most = 8) =>
  find(indexed(entries), wordsOf(text), most).entries.map(({ title }) => title);

describe("finding entries", () => {
  it("finds by part of the title, of the detail and of hidden words, in any case", () => {
    const all = [
      entry("Press 4", "rtm-press-4"),
      entry("Dark", undefined, "Theme appearance"),
      entry("Mill"),
    ];
    expect(titles(all, "PRESS")).toEqual(["Press 4"]);
    expect(titles(all, "rtm")).toEqual(["Press 4"]);
    expect(titles(all, "appear")).toEqual(["Dark"]);
  });

  it("ignores accents on both sides", () => {
    expect(titles([entry("Ölkessel")], "olkessel")).toEqual(["Ölkessel"]);
    expect(titles([entry("Olkessel")], "ölkessel")).toEqual(["Olkessel"]);
  });

  it("needs every word, in any order", () => {
    const all = [entry("Press temperature"), entry("Press")];
    expect(titles(all, "temp press")).toEqual(["Press temperature"]);
    expect(titles(all, "press mill")).toEqual([]);
  });

  it("puts an exact title first, then starts of titles, starts of words, parts, and details", () => {
    const all = [
      entry("Cabinet", "near the mill"),
      entry("Windmill"),
      entry("Rolling mill"),
      entry("Mill 2"),
      entry("Mill"),
    ];
    expect(titles(all, "mill")).toEqual(["Mill", "Mill 2", "Rolling mill", "Windmill", "Cabinet"]);
  });

  it("keeps the order of equally good entries, and has all of them without words", () => {
    const all = [entry("b"), entry("a"), entry("c")];
    expect(titles(all, "")).toEqual(["b", "a", "c"]);
    expect(titles(all, " \t ")).toEqual(["b", "a", "c"]);
  });

  it("limits the rows, and counts all matches", () => {
    const many = indexed(Array.from({ length: 2_000 }, (_, n) => entry(`Pump ${n}`)));
    const found = find(many, wordsOf("pump"), 8);
    expect(found.entries).toHaveLength(8);
    expect(found.total).toBe(2_000);
  });

  it("treats characters of patterns as text", () => {
    expect(titles([entry("Tank (.*) [1]")], "(.*)")).toEqual(["Tank (.*) [1]"]);
    expect(titles([entry("Tank")], ".*")).toEqual([]);
  });
});
