// The lines of a CSV file with one row a minute: the time, and one column for each series. Pure functions.
import type { Series } from "@/contracts/http";
import { offsetAt } from "@/lib/texts/time-zone";
import type { Aggregates } from "../queries";

/** The decimal sign of a CSV file. With a comma, semicolons separate the cells. */
export type Decimal = "point" | "comma";

const MINUTE_US = 60_000_000;

/** The first line: each series with its device and unit. A switch has its last state of a minute, others their mean. */
export function minuteHeader(series: readonly Series[], decimal: Decimal): string {
  const names = series.map(({ display_name: name, device, unit, type }) =>
    quoted(`${name} (${device})${unit ? ` [${unit}]` : ""} ${type === "bool" ? "last" : "mean"}`),
  );
  return line(['"time"', '"t"', ...names], decimal);
}

/** One line for each bucket of `page`. A minute without readings has empty cells. */
export function minuteRows(
  page: Aggregates,
  series: readonly Series[],
  zone: string,
  decimal: Decimal,
): string {
  const columns = series.map(({ id, type }) => {
    const found = page.items.find((one) => one.series === id);
    return (type === "bool" ? found?.last : found?.mean) ?? [];
  });
  return page.t
    .map((t, row) =>
      line(
        [momentText(t, zone), String(t), ...columns.map((column) => cell(column[row] ?? null, decimal))],
        decimal,
      ),
    )
    .join("");
}

/** RFC 3339 to the second with the offset of `zone`: `2026-11-26T09:00:00+01:00`. */
export function momentText(us: number, zone: string): string {
  const offset = offsetAt(us, zone);
  const local = new Date((us + offset) / 1_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(Math.round(offset / MINUTE_US));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function cell(value: number | boolean | null, decimal: Decimal): string {
  if (value === null) return "";
  const text = String(value);
  return decimal === "comma" && typeof value === "number" ? text.replace(".", ",") : text;
}

function line(cells: readonly string[], decimal: Decimal): string {
  return `${cells.join(decimal === "comma" ? ";" : ",")}\n`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
