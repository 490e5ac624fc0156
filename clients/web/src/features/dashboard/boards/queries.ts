// The calls to the telemetry gateway for dashboards, and their cache.
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Series } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";
import { seriesByIds } from "@/lib/series-lists";
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

/** All series of all devices, without their latest values. */
export function allSeriesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ["all-series"],
    queryFn: async ({ signal }) => {
      const series = await allPages((after) =>
        api.get("/api/telemetry/series", { query: { after }, signal }),
      );
      return series.map((one): Series => ({ ...one, latest: null }));
    },
    // A long list, so only an editor loads it again: it offers new series.
    staleTime: SERIES_EVERY_MS,
    refetchOnWindowFocus: false,
    retry,
    retryDelay: 1_000,
  });
}

/** The series of a dashboard that is watched. */
function shownSeriesQuery(api: ApiClient, ids: readonly number[]) {
  const sorted = [...ids].sort((a, b) => a - b);
  return queryOptions({
    queryKey: ["shown-series", sorted.join()],
    queryFn: ({ signal }) => seriesByIds(api, sorted, signal),
    staleTime: SERIES_EVERY_MS,
    // Names, units and limits that somebody changes reach a screen on a wall.
    refetchInterval: SERIES_EVERY_MS,
    refetchOnWindowFocus: false,
    retry,
    retryDelay: 1_000,
  });
}

/** The series with `ids` by id. An editor gets all series: it offers them. */
export function useSeriesById(api: ApiClient, ids: readonly number[], isEditing: boolean) {
  const shown = useQuery({ ...shownSeriesQuery(api, ids), enabled: !isEditing && ids.length > 0 });
  const all = useQuery({ ...allSeriesQuery(api), enabled: isEditing, refetchInterval: SERIES_EVERY_MS });
  const query = isEditing ? all : shown;
  const byId = useMemo(
    () => (query.data ? new Map(query.data.map((series) => [series.id, series])) : null),
    [query.data],
  );
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
