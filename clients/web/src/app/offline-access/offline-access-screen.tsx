"use client";
// Connects the session and the page about offline access.
import { ProtectedRoute } from "@/app/protected-route";
import type { ChangedQueries } from "@/features/live/changes/use-changes";
import { OfflineAccess, OfflineAccessSkeleton } from "@/features/offline-access/offline-access";
import { offlineChanges } from "@/features/offline-access/queries";

const CHANGES: ChangedQueries = offlineChanges;

export function OfflineAccessScreen() {
  return (
    <ProtectedRoute page="/offline-access" skeleton={<OfflineAccessSkeleton />} changes={CHANGES}>
      {({ api, can }) => <OfflineAccess api={api} can={can} />}
    </ProtectedRoute>
  );
}
