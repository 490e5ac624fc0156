// Lists of series that a page needs only a part of, so that no page loads the series of the whole fleet.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "../api/api-client";
import { allPages } from "../api/pages";

/** How many ids one request may have. */
const AT_ONCE = 200;
/** How many hits a search shows. A longer list is not readable: more words find the others. */
export const MOST_HITS = 50;
const FRESH_MS = 60_000;
/** The longest search that the gateway accepts. */
export const LONGEST_SEARCH = 100;

type Reader = Pick<ApiClient, "get">;

/** The first hits of a search, and how many there are in all. */
export type SeriesHits = { readonly items: readonly Series[]; readonly total: number };

/** The series with these ids that exist, without their latest values. Throws ApiError. */
export async function seriesByIds(
  api: Reader,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Series[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, index) =>
    ids.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );
  const answers = await Promise.all(
    parts.map((part) => api.get("/api/telemetry/series", { query: { ids: part.join() }, signal })),
  );
  return answers.flatMap(({ items }) => items.map(withoutLatest));
}

/** All series of one device with their latest values. Throws ApiError. */
export function seriesOfDevice(api: Reader, device: string, signal?: AbortSignal): Promise<Series[]> {
  return allPages((after) => api.get("/api/telemetry/series", { query: { device, after }, signal }));
}

/** `device`: only its series. `type`, `unit`: only switches, or only numbers that are shown with this unit. */
export type SeriesFilter = { readonly device?: string; readonly type?: "bool"; readonly unit?: string };

/**
 * The series whose names, device or unit have every word of `text`, without their latest values. All series when there
 * are no words and no filter. The gateway searches. The hits of the search before stay until the answer comes.
 */
export function seriesSearchQuery(api: Reader, text: string, filter: SeriesFilter = {}) {
  const q = text.split(/\s+/).filter(Boolean).join(" ").toLowerCase();
  return queryOptions({
    queryKey: ["series-search", q, filter],
    queryFn: async ({ signal }): Promise<SeriesHits> => {
      const { items, total } = await api.get("/api/telemetry/series", {
        query: { q: q || undefined, ...filter, limit: MOST_HITS },
        signal,
      });
      return { items: items.map(withoutLatest), total: total ?? items.length };
    },
    staleTime: FRESH_MS,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
  });
}

/** The units of all series, the most frequent first; null stands for switches. */
export function unitsQuery(api: Reader) {
  return queryOptions({
    queryKey: ["units"],
    queryFn: async ({ signal }) => (await api.get("/api/telemetry/units", { signal })).items,
    staleTime: FRESH_MS,
  });
}

function withoutLatest(series: Series): Series {
  return { ...series, latest: null };
}
