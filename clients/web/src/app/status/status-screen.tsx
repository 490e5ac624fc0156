"use client";
// Connects the session and the status page.
import { ProtectedRoute } from "@/app/protected-route";
import type { SystemStatus } from "@/contracts/status";
import type { ChangedQueries } from "@/features/live/changes/use-changes";
import { Status, StatusSkeleton } from "@/features/status/status";
import { readAnswer, request } from "@/lib/api/api-client";

const CHANGES: ChangedQueries = {
  "/mirror": () => [["status", "mirrors"]],
};

export function StatusScreen() {
  return (
    <ProtectedRoute page="/status" skeleton={<StatusSkeleton />} changes={CHANGES}>
      {({ api, can }) => <Status api={api} can={can} loadServices={loadServices} />}
    </ProtectedRoute>
  );
}

/** Asks this web server, which asks the services. */
async function loadServices(signal: AbortSignal): Promise<SystemStatus> {
  return readAnswer<SystemStatus>(await request("/status/services", { signal }));
}
