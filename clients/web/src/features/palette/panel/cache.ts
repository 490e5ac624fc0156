// What the services answered, kept while a person moves from page to page.
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/lib/api/api-client";
import type { PaletteSession } from "../types";

let kept: { accountId: string; client: QueryClient } | null = null;

const MOST_RETRIES = 1;

/** The cache of the account. It is emptied when the session ends. */
export function cacheOf(accountId: string, session: PaletteSession): QueryClient {
  if (kept?.accountId === accountId) return kept.client;
  kept?.client.clear();
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) =>
          failures < MOST_RETRIES && error instanceof ApiError && error.isTemporary && error.status !== 429,
        retryDelay: 1_000,
        refetchOnWindowFocus: false,
      },
    },
  });
  kept = { accountId, client };
  const stop = session.subscribe(() => {
    if (session.state.status !== "signed-out") return;
    stop();
    client.clear();
    if (kept?.client === client) kept = null;
  });
  return client;
}
