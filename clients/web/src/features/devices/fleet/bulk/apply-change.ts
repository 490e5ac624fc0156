// Changes one device as its newest version allows.
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import type { FleetDevice } from "../../fleet-device";
import { described, needsText, outcomeOf, type FleetChange } from "./changes";

/** Waits are split, so that a stop is noticed soon. */
const CHECK_MS = 200;
const LONGEST_WAIT_SECONDS = 120;

/** `seen`: the device as the preview showed it. Does nothing when the newest version is already as asked. Throws ApiError,
 *  also (`precondition_failed`) when somebody has meanwhile moved the device or the change is no longer possible. */
export async function applyChange(api: ApiClient, change: FleetChange, seen: FleetDevice): Promise<void> {
  const path = { id: seen.id };
  if (!needsText(change.action)) {
    await (change.action === "disable"
      ? api.post("/api/collectors/{id}/disable", { path })
      : api.post("/api/collectors/{id}/enable", { path }));
    return;
  }
  const { body, etag } = await api.getTagged("/api/collectors/{id}", { path });
  const outcome = outcomeOf(change, { ...seen, collector: body, site: body.site, tags: body.tags });
  if (outcome === "unchanged") return;
  if (outcome !== "changes" || (change.action === "move" && body.site !== seen.site)) {
    throw new ApiError(412, "precondition_failed", "");
  }
  await api.put("/api/collectors/{id}", {
    path,
    body: { name: body.name, ...described(change, body) },
    ifMatch: etag,
  });
}

/** Calls `work`, and again after the time that the service names when it refuses because of too many requests. Returns
 *  false when `isStopped` became true while it waited. Throws what `work` throws otherwise. */
export async function withinTheLimit(work: () => Promise<void>, isStopped: () => boolean): Promise<boolean> {
  while (!isStopped()) {
    try {
      await work();
      return true;
    } catch (error) {
      const seconds = error instanceof ApiError && error.status === 429 ? error.retryAfterSeconds : null;
      if (seconds === null || seconds > LONGEST_WAIT_SECONDS) throw error;
      const end = Date.now() + seconds * 1_000;
      while (Date.now() < end && !isStopped()) {
        await new Promise((resume) => setTimeout(resume, CHECK_MS));
      }
    }
  }
  return false;
}
