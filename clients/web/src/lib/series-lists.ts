// Lists of series that a page needs only a part of: by ids, so that no page loads the series of the whole fleet.
import type { Series } from "@/contracts/http";
import type { ApiClient } from "./api/api-client";

/** How many ids one request may have. */
const AT_ONCE = 200;

/** The series with these ids that exist, without their latest values. Throws ApiError. */
export async function seriesByIds(
  api: Pick<ApiClient, "get">,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Series[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, index) =>
    ids.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );
  const answers = await Promise.all(
    parts.map((part) => api.get("/api/telemetry/series", { query: { ids: part.join() }, signal })),
  );
  return answers.flatMap(({ items }) => items.map((one): Series => ({ ...one, latest: null })));
}
