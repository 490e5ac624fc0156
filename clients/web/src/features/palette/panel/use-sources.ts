// Everything that can be found: what the page knows, and what the services answer.
import { useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useMemo, useState } from "react";
import type { Series } from "@/contracts/http";
import { seriesSearchQuery, type SeriesHits } from "@/lib/lists/series-lists";
import { usePageLanguage } from "@/i18n/page-texts-provider";
import type { Entry, PaletteContext } from "../types";
import { actionEntries, pageEntries } from "./commands";
import { dashboardEntry, deviceEntry, joinDevices, mayOpen, personEntry, seriesEntry } from "./entries";
import type { Sources } from "./groups";
import { collectorsQuery, dashboardsQuery, devicesQuery, peopleQuery, recentSeriesQuery } from "./queries";
import { indexed } from "./rank";
import { currentDevice, seriesOf } from "./series-scope";
import { usePaused } from "@/lib/use-paused";

/** A part of the search that a service answers. */
export type AskedPart = "devices" | "dashboards" | "series" | "people";
export type Asked = {
  readonly part: AskedPart;
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
};

const SHORTEST_SEARCH = 2;

/** `isSettled`: nothing more will arrive for `text`. */
export function useSources(
  context: PaletteContext,
  text: string,
  recent: readonly string[],
): { sources: Sources; asked: readonly Asked[]; isSettled: boolean } {
  const t = useTranslations();
  const locale = usePageLanguage();
  const { api, can } = context;
  const paused = usePaused(text).trim();
  const [current] = useState(() => currentDevice(location));
  const readsTelemetry = can("telemetry.read");
  const devices = useQuery(devicesQuery(api, readsTelemetry));
  const collectors = useQuery(collectorsQuery(api, can("collectors.read")));
  const known = useMemo(
    () => joinDevices(devices.data ?? [], collectors.data),
    [devices.data, collectors.data],
  );
  const dashboards = useQuery(dashboardsQuery(api, readsTelemetry));
  const asksSeries = readsTelemetry && paused.length >= SHORTEST_SEARCH;
  const searched = searchable(paused);
  const recentIds = useMemo(() => seriesOf(recent), [recent]);
  const ofPage = { ...seriesSearchQuery(api, searched, { device: current ?? undefined }), select: itemsOf };
  const ofAll = { ...seriesSearchQuery(api, searched), select: itemsOf };
  const series = useQueries({
    queries: [
      // The series of the device that the page shows come first.
      ...(asksSeries && current !== null ? [ofPage] : []),
      ...(asksSeries ? [ofAll] : []),
      recentSeriesQuery(api, recentIds, readsTelemetry),
    ],
    combine: combined,
  });
  const asksPeople = can("accounts.read") && paused.length >= SHORTEST_SEARCH;
  const people = useQuery(peopleQuery(api, searched, asksPeople));

  const sources: Sources = {
    page: useMemo(() => indexed(pageEntries(context, t)), [context, t]),
    action: useMemo(() => indexed(actionEntries(context, t, locale)), [context, t, locale]),
    device: useMemo(() => indexed(known.map(deviceEntry)), [known]),
    dashboard: useMemo(
      () =>
        indexed(
          allowed(
            can,
            (dashboards.data ?? []).map((one) => dashboardEntry(one, t("palette.shared"))),
          ),
        ),
      [can, dashboards.data, t],
    ),
    series: useMemo(() => {
      const names = new Map(known.map(({ id, name }) => [id, name]));
      const found = new Map(series.data.map((one) => [one.id, one]));
      return indexed([...found.values()].map((one) => seriesEntry(one, names.get(one.device) ?? one.device)));
    }, [series.data, known]),
    person: useMemo(
      () => indexed(asksPeople ? (people.data?.items ?? []).map(personEntry) : []),
      [asksPeople, people.data],
    ),
  };
  const asked: Asked[] = [
    { part: "devices", ...stateOfBoth(devices, collectors) },
    { part: "dashboards", ...stateOf(dashboards) },
    { part: "series", isLoading: series.isLoading, error: series.error, retry: series.retry },
    { part: "people", ...stateOf(people), isLoading: asksPeople && people.isFetching },
  ];
  const isSettled = paused === text.trim() && asked.every(({ isLoading }) => !isLoading);
  return { sources, asked, isSettled };
}

function stateOf(query: UseQueryResult) {
  return {
    isLoading: query.isLoading,
    // What was loaded before is shown, even if it is a little old.
    error: query.data === undefined ? query.error : null,
    retry: () => void query.refetch(),
  };
}

function stateOfBoth(first: UseQueryResult, second: UseQueryResult) {
  const [one, other] = [stateOf(first), stateOf(second)];
  return {
    isLoading: one.isLoading || other.isLoading,
    error: one.error ?? other.error,
    retry: () => [one, other].forEach(({ error, retry }) => error && retry()),
  };
}

function itemsOf({ items }: SeriesHits): readonly Series[] {
  return items;
}

function combined<Item>(queries: UseQueryResult<readonly Item[]>[]) {
  const failed = queries.filter(({ data, error }) => data === undefined && error !== null);
  return {
    data: queries.flatMap(({ data }) => data ?? []),
    isLoading: queries.some(({ isLoading, isPlaceholderData }) => isLoading || isPlaceholderData),
    error: failed[0]?.error ?? null,
    retry: () => failed.forEach((query) => void query.refetch()),
  };
}

function allowed(can: PaletteContext["can"], entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ target }) => !("href" in target) || mayOpen(can, target.href));
}

/** The users service rejects control characters, which pasted text may have. */
function searchable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, " ");
}
