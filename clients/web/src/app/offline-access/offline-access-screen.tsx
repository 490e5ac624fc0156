"use client";
// Connects the session and the page about offline access.
import { ProtectedRoute } from "@/app/protected-route";
import { OfflineAccess, OfflineAccessSkeleton } from "@/features/offline-access/offline-access";

export function OfflineAccessScreen() {
  return (
    <ProtectedRoute page="/offline-access" skeleton={<OfflineAccessSkeleton />}>
      {({ api, can }) => <OfflineAccess api={api} can={can} />}
    </ProtectedRoute>
  );
}
