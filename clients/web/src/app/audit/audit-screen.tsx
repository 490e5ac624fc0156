"use client";
// Connects the session and the audit log.
import { ProtectedRoute } from "@/app/protected-route";
import { Audit, AuditSkeleton } from "@/features/audit/audit";
import { useAddress } from "@/lib/use-address";

export function AuditScreen() {
  const [address, setAddress] = useAddress();
  return (
    <ProtectedRoute page="/audit" skeleton={<AuditSkeleton />}>
      {({ api, can }) => <Audit api={api} can={can} address={address} setAddress={setAddress} />}
    </ProtectedRoute>
  );
}
