import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { Suspense } from "react";
import { AuditScreen } from "./audit-screen";

export const generateMetadata = pageTitle("audit");

export default function AuditLogPage() {
  return (
    <PageMessages of={["audit"]}>
      <Suspense>
        <AuditScreen />
      </Suspense>
    </PageMessages>
  );
}
