// Makes the files of an export: every reading as the service writes it, or one row a minute.
import type { TimeSpan } from "@/charts/types";
import type { ApiClient } from "@/lib/api/api-client";
import { toInputValue } from "@/lib/texts/time-zone";
import type { ChosenSeries } from "../use-chosen";
import { minuteHeader, minuteRows, type Decimal } from "./minute-csv";

export type Format = "csv" | "minutes" | "parquet";

export type ExportRequest = {
  readonly chosen: readonly ChosenSeries[];
  readonly span: TimeSpan;
  readonly zone: string;
  readonly decimal: Decimal;
};

/** `rows`: null where they cannot be counted. */
export type Progress = { readonly rows: number | null; readonly bytes: number };
type Report = (progress: Progress) => void;

/** A connection that broke in the middle. The file would be incomplete. */
export class InterruptedExport extends Error {}

export const MOST_MINUTES = 200_000;
const MINUTE_US = 60_000_000;
/** The limits of the service for one answer. */
const [MOST_BUCKETS, MOST_CELLS] = [5_000, 100_000];
const LINE_FEED = 10;

/** How many rows the file with one row a minute has. */
export function minutesIn({ from, to }: TimeSpan): number {
  return Math.ceil(to / MINUTE_US) - Math.floor(from / MINUTE_US);
}

/** Every reading. Raises ApiError, InterruptedExport, and AbortError when `signal` aborts. */
export async function everyReading(
  api: ApiClient,
  format: "csv" | "parquet",
  { chosen, span, zone, decimal }: ExportRequest,
  report: Report,
  signal: AbortSignal,
): Promise<{ file: Blob } & Progress> {
  const response = await api.getStream("/api/telemetry/export", {
    query: {
      series: chosen.map(({ series }) => series.id).join(","),
      from: span.from,
      to: span.to,
      format,
      tz: zone,
      separator: decimal === "comma" ? "semicolon" : "comma",
      decimal,
    },
    signal,
  });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let lines = 0;
  const reader = response.body!.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value as Uint8Array<ArrayBuffer>);
      bytes += part.value.length;
      if (format === "csv") lines += countOf(part.value, LINE_FEED);
      report({ rows: format === "csv" ? Math.max(0, lines - 1) : null, bytes });
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new InterruptedExport("the connection broke", { cause: error });
  }
  const file = new Blob(parts, { type: response.headers.get("content-type") ?? "" });
  return { file, rows: format === "csv" ? Math.max(0, lines - 1) : null, bytes };
}

/** One row a minute, from the first whole minute. Raises ApiError, and AbortError when `signal` aborts. */
export async function oneRowAMinute(
  api: ApiClient,
  { chosen, span, zone, decimal }: ExportRequest,
  report: Report,
  signal: AbortSignal,
): Promise<{ file: Blob } & Progress> {
  const series = chosen.map((one) => one.series);
  const from = Math.floor(span.from / MINUTE_US) * MINUTE_US;
  const to = Math.ceil(span.to / MINUTE_US) * MINUTE_US;
  const step = Math.min(MOST_BUCKETS, Math.floor(MOST_CELLS / series.length)) * MINUTE_US;
  const parts: string[] = [minuteHeader(series, decimal)];
  let rows = 0;
  let bytes = 0;
  for (let start = from; start < to; start += step) {
    const page = await api.get("/api/telemetry/readings", {
      query: {
        series: series.map(({ id }) => id).join(","),
        from: start,
        to: Math.min(to, start + step),
        every: "1m",
      },
      signal,
    });
    const text = minuteRows(page, series, zone, decimal);
    parts.push(text);
    rows += page.t.length;
    bytes += text.length;
    report({ rows, bytes });
  }
  const file = new Blob(parts, { type: "text/csv; charset=utf-8" });
  return { file, rows, bytes: file.size };
}

/** `readings-2026-11-26-0800.csv`: the start of the range in `zone`. */
export function fileName(format: Format | "png", { from }: TimeSpan, zone: string): string {
  const start = toInputValue(from, zone).replace("T", "-").replaceAll(":", "");
  const extension = format === "minutes" ? "csv" : format;
  return `readings${format === "minutes" ? "-by-minute" : ""}-${start}.${extension}`;
}

function countOf(bytes: Uint8Array, wanted: number): number {
  let count = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) count += 1;
  return count;
}
