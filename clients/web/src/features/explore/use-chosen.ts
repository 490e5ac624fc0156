// What the services know about the chosen series.
import { useQueries, type UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { deviceSeriesQuery } from "./queries";
import type { Chosen } from "./question";

/** A chosen series that exists. `color`: its number in the palette. */
export type ChosenSeries = { readonly series: Series; readonly color: number };

export type ChosenState = {
  readonly found: readonly ChosenSeries[];
  /** Chosen ids that no device has. */
  readonly unknown: readonly number[];
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
};

/** The series of `chosen`, in its order. */
export function useChosen(api: ApiClient, chosen: readonly Chosen[]): ChosenState {
  const combine = useCallback(
    (results: UseQueryResult<Series[]>[]) => {
      const known = new Map(results.flatMap(({ data }) => (data ?? []).map((one) => [one.id, one] as const)));
      const isLoading = results.some(({ isPending }) => isPending);
      const error = results.find((result) => result.error && !result.data)?.error ?? null;
      const found = chosen.flatMap(({ id }, color) => {
        const series = known.get(id);
        return series ? [{ series, color }] : [];
      });
      const isComplete = !isLoading && error === null;
      return {
        found,
        unknown: isComplete ? chosen.map(({ id }) => id).filter((id) => !known.has(id)) : [],
        isLoading,
        error,
        retry: () => {
          for (const result of results) if (result.error) void result.refetch();
        },
      };
    },
    [chosen],
  );
  const devices = [...new Set(chosen.map(({ device }) => device))];
  return useQueries({ queries: devices.map((device) => deviceSeriesQuery(api, device)), combine });
}
