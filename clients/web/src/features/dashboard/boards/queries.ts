// The calls to the telemetry gateway for dashboards, and their cache.
import {
  keepPreviousData,
  queryOptions,
  useQuery,
  useQueryClient,
  type QueryClient,
} from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Series } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { seriesByIds, seriesOfDevice } from "@/lib/lists/series-lists";
import type { Board, BoardContent } from "./model";

const LIST_KEY = ["boards"] as const;
const LIST_EVERY_MS = 60_000;
const BOARD_EVERY_MS = 30_000;
const SERIES_EVERY_MS = 60_000;

const retry = (failures: number, error: Error) =>
  error instanceof ApiError && error.isTemporary && failures < 2;

/** The dashboards that the account may open: its own and shared ones. */
export function boardsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: LIST_KEY,
    queryFn: ({ signal }) =>
      allPages((after) => api.get("/api/telemetry/dashboards", { query: { after }, signal })),
    refetchInterval: LIST_EVERY_MS,
    retry,
    retryDelay: 1_000,
  });
}

/** A dashboard with its ETag. It is loaded again every 30 s and when the window gets the focus. */
export function boardQuery(api: ApiClient, id: string) {
  return queryOptions({
    queryKey: [...LIST_KEY, id],
    queryFn: async ({ signal }) => {
      const { body, etag } = await api.getTagged("/api/telemetry/dashboards/{id}", { path: { id }, signal });
      return { board: body, etag };
    },
    refetchInterval: BOARD_EVERY_MS,
    retry,
    retryDelay: 1_000,
  });
}

/** The series of a dashboard. */
function shownSeriesQuery(api: ApiClient, ids: readonly number[]) {
  const sorted = [...ids].sort((a, b) => a - b);
  return queryOptions({
    queryKey: ["shown-series", sorted.join()],
    queryFn: ({ signal }) => seriesByIds(api, sorted, signal),
    staleTime: SERIES_EVERY_MS,
    // Names, units and limits that somebody changes reach a screen on a wall.
    refetchInterval: SERIES_EVERY_MS,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    retry,
    retryDelay: 1_000,
  });
}

/** Series that a person has just chosen, by id. The panels show them before the gateway has answered. */
const CHOSEN_KEY = ["chosen-series"] as const;
const NONE: ReadonlyMap<number, Series> = new Map();

/** Remembers series that panels are about to show. */
export function rememberSeries(client: QueryClient, series: readonly Series[]): void {
  client.setQueryData<ReadonlyMap<number, Series>>(
    CHOSEN_KEY,
    (known = NONE) =>
      new Map([...known, ...series.map((one) => [one.id, { ...one, latest: null }] as const)]),
  );
}

/** The series of the overview of a device, which become panels. */
export async function overviewSeries(api: ApiClient, client: QueryClient, device: string): Promise<Series[]> {
  const series = await client.fetchQuery(overviewSeriesQuery(api, device));
  rememberSeries(client, series);
  return series;
}

export function overviewSeriesQuery(api: ApiClient, device: string) {
  return queryOptions({
    queryKey: ["overview-series", device],
    queryFn: ({ signal }) => seriesOfDevice(api, device, signal),
    staleTime: SERIES_EVERY_MS,
    retry,
    retryDelay: 1_000,
  });
}

/**
 * The series with `ids` by id; null while one of them is unknown. An editor keeps asking for the series that it has shown,
 * because an undo brings them back.
 */
export function useSeriesById(api: ApiClient, ids: readonly number[], isEditing: boolean) {
  const [kept, setKept] = useState(ids);
  if (isEditing && ids.some((id) => !kept.includes(id))) setKept([...new Set([...kept, ...ids])]);
  // Renders with the same ids must give the same map: the feed follows it.
  const key = (isEditing ? kept : ids).join();
  const asked = useMemo(() => (key ? key.split(",").map(Number) : []), [key]);
  const query = useQuery({ ...shownSeriesQuery(api, asked), enabled: asked.length > 0 });
  const { data: chosen } = useQuery({
    queryKey: CHOSEN_KEY,
    queryFn: () => NONE,
    enabled: false,
    initialData: NONE,
  });
  const { data, isPlaceholderData } = query;
  const byId = useMemo((): ReadonlyMap<number, Series> | null => {
    if (asked.length === 0) return isEditing ? NONE : null;
    const known = new Map(data?.map((series) => [series.id, series]));
    if (data && !isPlaceholderData) return known;
    for (const id of asked) {
      const one = known.get(id) ?? chosen.get(id);
      if (!one) return null;
      known.set(id, one);
    }
    return known;
  }, [asked, data, isPlaceholderData, chosen, isEditing]);
  return { byId, query };
}

export type BoardActions = ReturnType<typeof useBoardActions>;

/** Changes of dashboards. Each throws ApiError and updates the cache. */
export function useBoardActions(api: ApiClient) {
  const client = useQueryClient();
  return useMemo(() => {
    const listChanged = () => client.invalidateQueries({ queryKey: LIST_KEY, exact: true });
    return {
      create: async (content: BoardContent, idempotencyKey: string): Promise<Board> => {
        const made = await api.post("/api/telemetry/dashboards", { body: content, idempotencyKey });
        await listChanged();
        return made;
      },
      /** `etag`: of the version that the change is based on. */
      save: async (id: string, content: BoardContent, etag: string): Promise<void> => {
        await api.put("/api/telemetry/dashboards/{id}", { path: { id }, body: content, ifMatch: etag });
        await client.refetchQueries({ queryKey: [...LIST_KEY, id], exact: true });
        void listChanged();
      },
      remove: async (id: string, etag: string): Promise<void> => {
        await api.delete("/api/telemetry/dashboards/{id}", { path: { id }, ifMatch: etag });
        client.removeQueries({ queryKey: [...LIST_KEY, id] });
        await listChanged();
      },
      reload: (id: string) => client.fetchQuery({ ...boardQuery(api, id), staleTime: 0 }),
    };
  }, [api, client]);
}

/** What a person edits of a stored dashboard. */
export function contentOf({ name, shared, panels }: Board): BoardContent {
  return { name, shared, panels };
}
