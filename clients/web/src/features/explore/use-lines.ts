// Loads the lines and the figures of the chosen series, and of the range with which they are compared.
import {
  useQueries,
  useQuery,
  useQueryClient,
  type QueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { RangeLine } from "@/charts/range/range-line";
import type { TimeSpan } from "@/charts/types";
import type { ApiClient } from "@/lib/api/api-client";
import { moved } from "./comparison";
import { figuresOf, lineOf, type Figures } from "./lines";
import { pointsFor, readingsQuery, statsQuery, type StoredReadings } from "./queries";
import type { ChosenSeries } from "./use-chosen";

export type Asked = {
  readonly chosen: readonly ChosenSeries[];
  readonly span: TimeSpan;
  /** The range with which it is compared; null: none. */
  readonly earlier: (TimeSpan & { readonly days: number }) | null;
  readonly zone: string;
};

export type LinesState = {
  readonly lines: readonly RangeLine[];
  readonly readings: ReadonlyMap<number, StoredReadings>;
  readonly figures: ReadonlyMap<number, Figures> | null;
  readonly earlierFigures: ReadonlyMap<number, Figures> | null;
  /** True while a line is missing or belongs to another range. */
  readonly isLoading: boolean;
  readonly error: Error | null;
  /** How many series could not be loaded. */
  readonly failed: number;
  readonly retry: () => void;
};

type Loaded = {
  readonly readings: ReadonlyMap<number, StoredReadings>;
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly failed: number;
  readonly retry: () => void;
};

export function useLines(api: ApiClient, { chosen, span, earlier, zone }: Asked): LinesState {
  const ids = useMemo(() => chosen.map(({ series }) => series.id), [chosen]);
  const now = useReadings(api, ids, span);
  const before = useReadings(api, earlier ? ids : NONE, earlier ?? span);
  const figures = useQuery(statsQuery(api, ids, span));
  const earlierFigures = useQuery(statsQuery(api, earlier ? ids : NONE, earlier ?? span));
  const days = earlier?.days ?? 0;
  const lines = useMemo(
    () =>
      chosen.flatMap(({ series, color }): RangeLine[] => {
        const own = now.readings.get(series.id);
        const other = days > 0 ? before.readings.get(series.id) : undefined;
        if (!own) return [];
        return [
          {
            series,
            color,
            line: lineOf(own, series.interval_us),
            earlier: other ? moved(lineOf(other, series.interval_us), days, zone) : null,
          },
        ];
      }),
    [chosen, now.readings, before.readings, days, zone],
  );
  const own = figures.data;
  const other = earlierFigures.data;
  return {
    lines,
    readings: now.readings,
    figures: useMemo(() => (own ? figuresOf(own) : null), [own]),
    earlierFigures: useMemo(() => (other && days > 0 ? figuresOf(other) : null), [other, days]),
    isLoading: now.isLoading || before.isLoading,
    error: now.error ?? before.error ?? figures.error ?? earlierFigures.error,
    failed: now.failed,
    retry: () => {
      now.retry();
      before.retry();
      for (const query of [figures, earlierFigures]) if (query.error) void query.refetch();
    },
  };
}

const NONE: readonly number[] = [];

/** While a range loads, the latest loaded readings of a series stand in for it. */
function useReadings(api: ApiClient, ids: readonly number[], { from, to }: TimeSpan): Loaded {
  const client = useQueryClient();
  const combine = useCallback(
    (results: UseQueryResult<StoredReadings>[]): Loaded => ({
      readings: new Map(
        ids.flatMap((id, place) => {
          // A failed load does not take away a line that is still mostly right: the page says what failed.
          const isFailed = results[place]?.error != null;
          const found = results[place]?.data ?? latestOf(client, id, isFailed ? { from, to } : null);
          return found ? [[id, found] as const] : [];
        }),
      ),
      isLoading: results.some(({ isPending }) => isPending),
      error: results.find(({ error }) => error)?.error ?? null,
      failed: results.filter(({ error }) => error).length,
      retry: () => {
        for (const result of results) if (result.error) void result.refetch();
      },
    }),
    [client, ids, from, to],
  );
  const points = pointsFor(ids.length);
  return useQueries({
    queries: ids.map((id) => readingsQuery(api, id, { from, to }, points)),
    combine,
  });
}

/** `most`: only readings that cover at least half of this span. */
function latestOf(client: QueryClient, id: number, most: TimeSpan | null): StoredReadings | undefined {
  const cached = client
    .getQueryCache()
    .findAll({ queryKey: ["explore", "readings", id] })
    .filter(({ state }) => state.data !== undefined)
    .filter(({ state }) => most === null || covers(state.data as StoredReadings, most))
    .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt);
  return cached[0]?.state.data as StoredReadings | undefined;
}

function covers({ from, to }: StoredReadings, span: TimeSpan): boolean {
  return Math.min(to, span.to) - Math.max(from, span.from) >= (span.to - span.from) / 2;
}
