import { describe, expect, it } from "vitest";
import { decode, EMPTY, encode, MOST_SERIES, type Question } from "./question";
import { PRESETS } from "./ranges";

/** A seeded generator: the same questions in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomQuestion(random: (below: number) => number): Question {
  const pick = <Value>(list: readonly Value[]): Value => list[random(list.length)]!;
  const ids = new Set(Array.from({ length: random(MOST_SERIES) }, () => random(2 ** 31)));
  const from = random(4e9) * 1_000_000 + random(1_000) * 1_000;
  return {
    series: [...ids].map((id) => ({ device: pick(["press-4", "boiler", "a", "x9-2-z"]), id })),
    range:
      random(2) === 0
        ? { kind: "preset", key: pick(PRESETS).key }
        : { kind: "absolute", from, to: from + 1_000_000 + random(1e9) * 1_000 },
    zone: pick([null, "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]),
    compare: pick(["none", "day", "week"]),
    limits: Array.from({ length: random(5) }, () => ({
      severity: pick(["warning", "critical"]),
      direction: pick(["above", "below"]),
      value: pick([0, -3.25, 1e-9, 1.797e308, -1e21, random(1_000)]),
      unit: pick(["", "°C", "m³/h", "%", "a&b=c", "x:y", "µS #1", "日本", "a+b c"]),
    })),
    view: pick(["chart", "table"]),
  };
}

describe("the address", () => {
  it("holds any question: it survives encoding and decoding", () => {
    const random = randomOf(17);
    for (let round = 0; round < 3_000; round += 1) {
      const question = randomQuestion(random);
      const query = encode(question);
      expect(decode(query), query).toEqual({ question, unreadable: [] });
      expect(encode(decode(query).question)).toBe(query);
    }
  });

  it("is readable, and empty for the usual question", () => {
    expect(encode(EMPTY)).toBe("");
    expect(
      encode({
        ...EMPTY,
        series: [
          { device: "line-4", id: 12 },
          { device: "line-4", id: 13 },
          { device: "boiler", id: 44 },
        ],
        range: { kind: "absolute", from: 1_795_680_000_000_000, to: 1_795_701_600_000_000 },
        zone: "Europe/Berlin",
        compare: "day",
        limits: [{ severity: "warning", direction: "above", value: 75, unit: "°C" }],
      }),
    ).toBe(
      "s=line-4:12.13,boiler:44&from=2026-11-26T08:00:00Z&to=2026-11-26T14:00:00Z&tz=Europe/Berlin&compare=day&limit=warning:above:75:%C2%B0C",
    );
  });

  it.each([
    ["s=press-4:12.x,boiler:44", ["series"]],
    ["s=Press 4:1,boiler:44", ["series"]],
    ["s=press-4:99999999999,boiler:44", ["series"]],
    ["s=boiler:44&range=2y", ["range"]],
    ["s=boiler:44&from=2026-11-26", ["range"]],
    ["s=boiler:44&from=2026-11-26T08:00:00Z&to=2026-11-26T07:00:00Z", ["range"]],
    ["s=boiler:44&from=1000-01-01T00:00:00Z&to=2026-11-26T07:00:00Z", ["range"]],
    ["s=boiler:44&tz=Mars/Base", ["zone"]],
    ["s=boiler:44&compare=year", ["compare"]],
    ["s=boiler:44&limit=loud:above:3:V", ["limits"]],
    ["s=boiler:44&limit=warning:above:1.2.3:V", ["limits"]],
    ["s=boiler:44&view=3d", ["view"]],
  ])("keeps what is readable of %s", (query, unreadable) => {
    const found = decode(query);
    expect(found.unreadable).toEqual(unreadable);
    expect(found.question.series.some(({ id }) => id === 44)).toBe(true);
    expect(decode(encode(found.question)).unreadable).toEqual([]);
  });

  it("keeps the first 50 series of a longer list, and says so", () => {
    const ids = Array.from({ length: 60 }, (_, place) => place).join(".");
    const { question, unreadable } = decode(`s=press-4:${ids}`);
    expect(question.series).toHaveLength(MOST_SERIES);
    expect(unreadable).toEqual(["too_many"]);
  });

  it("never fails, whatever it holds", () => {
    const random = randomOf(5);
    const pieces = [
      "s=",
      "from=",
      "to=",
      "&",
      "limit=",
      "%E0%A4%A",
      "a:1",
      ",",
      "<script>",
      "\u0000",
      "tz=",
      "9".repeat(400),
      "💡",
      "range=1h",
    ];
    for (let round = 0; round < 2_000; round += 1) {
      const query = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]!).join("");
      expect(decode(encode(decode(query).question)).unreadable, query).toEqual([]);
    }
    expect(decode("s=a:1".padEnd(1_000_000, ".1")).question.series).toHaveLength(1);
  });
});
