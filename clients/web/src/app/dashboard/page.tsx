import { Suspense } from "react";
import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { DashboardScreen } from "./dashboard-screen";

export const generateMetadata = pageTitle("dashboard");

export default function DashboardPage() {
  return (
    <PageMessages of={["boards", "dashboard"]}>
      <Suspense>
        <DashboardScreen />
      </Suspense>
    </PageMessages>
  );
}
