import type { Metadata } from "next";
import { Suspense } from "react";
import { AuditScreen } from "./audit-screen";

export const metadata: Metadata = { title: "Audit log" };

export default function AuditLogPage() {
  return (
    <Suspense>
      <AuditScreen />
    </Suspense>
  );
}
