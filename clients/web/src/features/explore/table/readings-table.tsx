"use client";
// The answer as numbers: rows of one length for all series, or every reading of one series.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { moments } from "@/charts/range/zoned-ticks";
import type { TimeSpan } from "@/charts/types";
import { Button } from "@/components/button";
import { TableSkeleton } from "@/components/data-table";
import { SelectField } from "@/components/form/input";
import { LoadError } from "@/components/load-error";
import type { Series } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { formatBrief, formatValue, valueText } from "@/lib/texts/format";
import { useDateLocale } from "../date-locale";
import type { Aggregates, ReadingsPage } from "../queries";
import type { ChosenSeries } from "../use-chosen";

type ReadingsTableProps = {
  api: ApiClient;
  chosen: readonly ChosenSeries[];
  span: TimeSpan;
  zone: string;
  /** The name of the range: it stays while a live preset moves its span. */
  range: string;
};

const LENGTHS = ["1m", "15m", "1h", "1d", "readings"] as const;
type Length = (typeof LENGTHS)[number];
const MINUTE_US = 60_000_000;
const MINUTES: Readonly<Record<Exclude<Length, "readings">, number>> = {
  "1m": 1,
  "15m": 15,
  "1h": 60,
  "1d": 1_440,
};
const USUAL_ROWS = 200;
const PAGE = 200;

export default function ReadingsTable({ api, chosen, span, zone, range }: ReadingsTableProps) {
  const t = useTranslations("explore.table");
  const [wish, setWish] = useState<Length | null>(null);
  const [id, setId] = useState<number | null>(null);
  const length = wish ?? usualLength(span);
  const one = chosen.find(({ series }) => series.id === id) ?? chosen[0]!;
  return (
    <div data-testid="readings-table">
      <div className="flex flex-wrap items-end gap-3 p-4">
        <SelectField
          label={t("rows")}
          fieldSize="sm"
          value={length}
          data-testid="row-length"
          onChange={(event) => setWish(event.target.value as Length)}
        >
          {LENGTHS.map((each) => (
            <option key={each} value={each}>
              {t(`each.${each}`)}
            </option>
          ))}
        </SelectField>
        {length === "readings" && (
          <SelectField
            label={t("series")}
            fieldSize="sm"
            value={one.series.id}
            onChange={(event) => setId(Number(event.target.value))}
          >
            {chosen.map(({ series }) => (
              <option key={series.id} value={series.id}>
                {series.display_name}
              </option>
            ))}
          </SelectField>
        )}
      </div>
      {length === "readings" ? (
        <EveryReading
          key={`${one.series.id} ${range}`}
          api={api}
          series={one.series}
          span={span}
          zone={zone}
        />
      ) : (
        <Rows api={api} chosen={chosen} span={span} zone={zone} length={length} />
      )}
    </div>
  );
}

/** The shortest rows of which the range has no more than some hundreds. */
function usualLength({ from, to }: TimeSpan): Length {
  const fitting = (["1m", "15m", "1h"] as const).find(
    (each) => (to - from) / (MINUTES[each] * MINUTE_US) <= USUAL_ROWS * 2,
  );
  return fitting ?? "1d";
}

type RowsProps = Omit<ReadingsTableProps, "range"> & { length: Exclude<Length, "readings"> };

function Rows({ api, chosen, span, zone, length }: RowsProps) {
  const t = useTranslations("explore.table");
  const [most, setMost] = useState(PAGE);
  const ids = chosen.map(({ series }) => series.id).join(",");
  const query = useQuery({
    queryKey: ["explore", "rows", ids, span.from, span.to, length, zone],
    queryFn: ({ signal }) =>
      api.get("/api/telemetry/readings", {
        query: { series: ids, from: span.from, to: span.to, every: length, tz: zone },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  if (query.error && !query.data) {
    return isTooMuch(query.error) ? (
      <p role="alert" className="px-4 pb-6 text-ui text-fg-2">
        {t("tooMany")}
      </p>
    ) : (
      <LoadError error={query.error} what={t("title")} onRetry={() => void query.refetch()} />
    );
  }
  if (!query.data) return <TableSkeleton rows={10} />;
  return (
    <RowsTable
      page={query.data}
      chosen={chosen}
      zone={zone}
      most={most}
      onMore={() => setMost(most + PAGE)}
    />
  );
}

type RowsTableProps = {
  page: Aggregates;
  chosen: readonly ChosenSeries[];
  zone: string;
  most: number;
  onMore: () => void;
};

/** The newest row first. */
function RowsTable({ page, chosen, zone, most, onMore }: RowsTableProps) {
  const t = useTranslations("explore.table");
  const moment = moments(useDateLocale(), zone);
  const columns = chosen.map(({ series }) => ({
    series,
    found: page.items.find((one) => one.series === series.id),
  }));
  const rows = page.t.map((_, row) => page.t.length - 1 - row).slice(0, most);
  return (
    <Frame shown={rows.length} hasMore={page.t.length > most} isLoading={false} onMore={onMore}>
      <thead className="sticky top-0 bg-surface-2 text-xs text-fg-2">
        <tr className="h-8">
          <th scope="col" className="px-4 text-left font-normal">
            {t("time")}
          </th>
          {columns.map(({ series }) => (
            <th key={series.id} scope="col" className="px-3 text-right font-normal">
              {series.type === "bool" ? series.display_name : t("meanOf", { name: series.display_name })}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={page.t[row]} className="h-9 border-t">
            <th scope="row" className="px-4 text-left font-normal whitespace-nowrap">
              {moment.format(page.t[row]! / 1_000)}
            </th>
            {columns.map(({ series, found }) => (
              <AggregateCell key={series.id} series={series} found={found} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </Frame>
  );
}

function AggregateCell({
  series,
  found,
  row,
}: {
  series: Series;
  found: Aggregates["items"][number] | undefined;
  row: number;
}) {
  const t = useTranslations("explore.table");
  const isSwitch = series.type === "bool";
  const value = (isSwitch ? found?.last[row] : found?.mean[row]) ?? null;
  const kind = isSwitch ? series : { ...series, type: "float" as const };
  const text = (one: number | boolean | null | undefined) => valueText(formatBrief(one ?? null, series));
  return (
    <td className="px-3 text-right whitespace-nowrap">
      {valueText(formatBrief(value, kind))}
      {value !== null && !isSwitch && (
        <span className="block text-2xs text-fg-2">
          {t("extremes", { min: text(found?.min[row]), max: text(found?.max[row]) })}
        </span>
      )}
    </td>
  );
}

type EveryReadingProps = { api: ApiClient; series: Series; span: TimeSpan; zone: string };

/**
 * The service sends the readings page by page, the oldest first. While a live preset moves on, the pages that somebody reads
 * stay as they are.
 */
function EveryReading({ api, series, span: newest, zone }: EveryReadingProps) {
  const [span, setSpan] = useState(newest);
  const t = useTranslations("explore.table");
  const moment = moments(useDateLocale(), zone);
  const query = useInfiniteQuery({
    queryKey: ["explore", "every", series.id, span.from, span.to],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/telemetry/series/{series_id}/readings", {
        path: { series_id: series.id },
        query: { from: span.from, to: span.to, raw: true, limit: PAGE, cursor: pageParam },
        signal,
      }) as Promise<ReadingsPage>,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (query.error && !query.data) {
    return <LoadError error={query.error} what={t("title")} onRetry={() => void query.refetch()} />;
  }
  if (!query.data) return <TableSkeleton rows={10} />;
  const rows = query.data.pages.flatMap((page) =>
    page.t.map((at, row) => ({ at, value: page.v[row]!, key: `${page.epoch[row]} ${page.seq[row]}` })),
  );
  if (rows.length === 0) return <p className="px-4 pb-6 text-ui text-fg-2">{t("empty")}</p>;
  return (
    <Frame
      shown={rows.length}
      hasMore={query.hasNextPage}
      isLoading={query.isFetchingNextPage}
      onMore={() => void query.fetchNextPage()}
      onRefresh={newest.to === span.to ? undefined : () => setSpan(newest)}
    >
      <thead className="sticky top-0 bg-surface-2 text-xs text-fg-2">
        <tr className="h-8">
          <th scope="col" className="px-4 text-left font-normal">
            {t("time")}
          </th>
          <th scope="col" className="px-3 text-right font-normal">
            {series.display_name}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ at, value, key }) => (
          <tr key={key} className="h-7 border-t">
            <th scope="row" className="px-4 text-left font-normal whitespace-nowrap">
              {moment.format(at / 1_000)}.{String(Math.floor((at % 1_000_000) / 1_000)).padStart(3, "0")}
            </th>
            <td className="px-3 text-right whitespace-nowrap">{valueText(formatValue(value, series))}</td>
          </tr>
        ))}
      </tbody>
    </Frame>
  );
}

type FrameProps = {
  shown: number;
  hasMore: boolean;
  isLoading: boolean;
  onMore: () => void;
  /** Present when the range has moved on. */
  onRefresh?: () => void;
  children: React.ReactNode;
};

function Frame({ shown, hasMore, isLoading, onMore, onRefresh, children }: FrameProps) {
  const t = useTranslations("explore.table");
  return (
    <>
      <div
        className="relative max-h-[36rem] overflow-auto border-t"
        tabIndex={0}
        role="group"
        aria-label={t("title")}
      >
        <table className="w-full text-ui tabular-nums">
          <caption className="sr-only">{t("title")}</caption>
          {children}
        </table>
      </div>
      <div className="flex items-center gap-3 border-t px-4 py-2.5 text-ui text-fg-2">
        <span data-testid="rows-shown">{t("shown", { count: shown })}</span>
        {hasMore && (
          <Button onClick={onMore} disabled={isLoading} data-testid="more-rows">
            {isLoading ? t("loading") : t("more")}
          </Button>
        )}
        {onRefresh && (
          <Button className="ml-auto" onClick={onRefresh} data-testid="refresh-rows">
            {t("refresh")}
          </Button>
        )}
      </div>
    </>
  );
}

function isTooMuch(error: Error): boolean {
  return error instanceof ApiError && error.code === "too_much";
}
