// The notes that people have added to devices and series.
import { queryOptions } from "@tanstack/react-query";
import type { TimeSpan } from "@/charts/types";
import type { Answer } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { allPages } from "@/lib/api/pages";

export type Note = Answer<"/api/telemetry/annotations", "get">["items"][number];

export const NOTES_KEY = ["explore", "notes"] as const;

/** The notes of these devices and of their series in the span. */
export function notesQuery(api: ApiClient, devices: readonly string[], { from, to }: TimeSpan) {
  return queryOptions({
    queryKey: [...NOTES_KEY, devices, from, to],
    queryFn: ({ signal }) =>
      allPages((after) =>
        api.get("/api/telemetry/annotations", {
          query: { from, to, devices: devices.join(","), after },
          signal,
        }),
      ),
    enabled: devices.length > 0,
  });
}
