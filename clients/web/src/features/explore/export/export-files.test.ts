import { describe, expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { Aggregates } from "../queries";
import {
  everyReading,
  fileName,
  InterruptedExport,
  minutesIn,
  oneRowAMinute,
  type ExportRequest,
} from "./export-files";
import { minuteHeader, minuteRows, momentText } from "./minute-csv";

const MINUTE = 60_000_000;
const at = (text: string) => Date.parse(text) * 1_000;
const series = (id: number, more: Partial<Series> = {}): Series =>
  ({
    id,
    device: "press-4",
    name: `s${id}`,
    display_name: `Series ${id}`,
    type: "float",
    unit: "°C",
    interval_us: null,
    latest: null,
    ...more,
  }) as Series;
const request = (span: { from: number; to: number }, count = 1): ExportRequest => ({
  chosen: Array.from({ length: count }, (_, color) => ({ series: series(color + 1), color })),
  span,
  zone: "UTC",
  decimal: "point",
});
const never = new AbortController().signal;

describe("the file with one row a minute", () => {
  const page = {
    t: [at("2026-11-26T08:00:00Z"), at("2026-11-26T08:01:00Z")],
    items: [
      { series: 1, mean: [21.5, null], last: [22, null] },
      { series: 2, mean: [0.5, 1], last: [true, true] },
    ],
  } as unknown as Aggregates;
  const both = [series(1, { display_name: 'A "hot" one' }), series(2, { type: "bool", unit: "" })];

  it("has a column for each series, the mean of numbers and the last state of switches", () => {
    expect(minuteHeader(both, "point")).toBe(
      '"time","t","A ""hot"" one (press-4) [°C] mean","Series 2 (press-4) last"\n',
    );
    expect(minuteRows(page, both, "Europe/Berlin", "point")).toBe(
      "2026-11-26T09:00:00+01:00,1795680000000000,21.5,true\n2026-11-26T09:01:00+01:00,1795680060000000,,true\n",
    );
  });

  it("has semicolons where the decimals have a comma", () => {
    expect(minuteRows(page, both, "UTC", "comma")).toContain(
      "2026-11-26T08:00:00Z;1795680000000000;21,5;true\n",
    );
  });

  it("tells the two hours of a clock change apart", () => {
    expect(momentText(at("2026-10-25T00:30:00Z"), "Europe/Berlin")).toBe("2026-10-25T02:30:00+02:00");
    expect(momentText(at("2026-10-25T01:30:00Z"), "Europe/Berlin")).toBe("2026-10-25T02:30:00+01:00");
    expect(momentText(at("2026-07-01T00:00:00Z"), "America/St_Johns")).toBe("2026-06-30T21:30:00-02:30");
  });

  it("asks for no more than one answer may hold, and has each minute once", async () => {
    const asked: [number, number][] = [];
    const api = {
      get: (_: string, { query: { from, to } }: { query: { from: number; to: number } }) => {
        asked.push([from, to]);
        const t = Array.from({ length: (to - from) / MINUTE }, (_, row) => from + row * MINUTE);
        return Promise.resolve({ t, items: [] });
      },
    } as unknown as ApiClient;
    const span = { from: at("2026-11-01T00:00:30Z"), to: at("2026-11-08T00:00:10Z") };
    const { rows, file } = await oneRowAMinute(api, request(span, 50), () => undefined, never);
    expect(rows).toBe(7 * 1_440 + 1);
    expect(rows).toBe(minutesIn(span));
    const lines = (await file.text()).trim().split("\n");
    expect(lines).toHaveLength(rows! + 1);
    expect(new Set(lines).size).toBe(lines.length);
    expect(asked.every(([from, to]) => (to - from) / MINUTE <= 2_000)).toBe(true);
  });
});

describe("the file with every reading", () => {
  const answer = (parts: readonly (string | Error)[]) => {
    const left = [...parts];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = left.shift();
        if (part === undefined) controller.close();
        else if (part instanceof Error) controller.error(part);
        else controller.enqueue(new TextEncoder().encode(part));
      },
    });
    return { getStream: () => Promise.resolve(new Response(body)) } as unknown as ApiClient;
  };
  const span = { from: 0, to: MINUTE };

  it("counts its rows while it arrives", async () => {
    const seen: (number | null)[] = [];
    const api = answer(["head\n1,", "2\n3\n", "4\n"]);
    const { file, rows } = await everyReading(
      api,
      "csv",
      request(span),
      ({ rows: n }) => seen.push(n),
      never,
    );
    expect([await file.text(), rows]).toEqual(["head\n1,2\n3\n4\n", 3]);
    expect(seen).toEqual([0, 2, 3]);
  });

  it("is not made when the connection breaks", async () => {
    const api = answer(["head\n1\n", new TypeError("network error")]);
    await expect(everyReading(api, "csv", request(span), () => undefined, never)).rejects.toThrow(
      InterruptedExport,
    );
  });
});

it("names the file after the start of the range", () => {
  const span = { from: at("2026-11-26T08:00:00Z"), to: at("2026-11-26T14:00:00Z") };
  expect(fileName("csv", span, "Europe/Berlin")).toBe("readings-2026-11-26-0900.csv");
  expect(fileName("minutes", span, "UTC")).toBe("readings-by-minute-2026-11-26-0800.csv");
});
