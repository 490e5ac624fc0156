// The dashboard of a share link.
import { queryOptions } from "@tanstack/react-query";
import { ApiError, publicApi } from "@/lib/api/api-client";

const EVERY_MS = 30_000;
const RETRY_AFTER_MS = 10_000;

/** The dashboard that `token` shows. It is loaded again every 30 s. A link that is not valid is not asked again. */
export function sharedQuery(token: string) {
  return queryOptions({
    queryKey: ["shared", token],
    queryFn: ({ signal }) => publicApi.get("/api/telemetry/shared", { shareToken: token, signal }),
    refetchInterval: ({ state }) => (state.error && !isTemporary(state.error) ? false : EVERY_MS),
    retry: (failures, error) => isTemporary(error) && failures < 3,
    retryDelay: (_, error) =>
      error instanceof ApiError && error.retryAfterSeconds ? error.retryAfterSeconds * 1_000 : RETRY_AFTER_MS,
  });
}

function isTemporary(error: Error): boolean {
  return error instanceof ApiError && error.isTemporary;
}
