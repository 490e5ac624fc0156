"use client";
// Connects the session and the administration page.
import { ProtectedRoute } from "@/app/protected-route";
import { Admin, AdminSkeleton } from "@/features/admin/admin";

export function AdminScreen() {
  return (
    <ProtectedRoute page="/admin" skeleton={<AdminSkeleton />}>
      {({ api, can }) => <Admin api={api} can={can} />}
    </ProtectedRoute>
  );
}
