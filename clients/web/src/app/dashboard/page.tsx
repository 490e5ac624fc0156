import { pageTitle } from "@/i18n/page-title";
import { Suspense } from "react";
import { DashboardScreen } from "./dashboard-screen";

export const generateMetadata = pageTitle("dashboard");

export default function DashboardPage() {
  return (
    <Suspense>
      <DashboardScreen />
    </Suspense>
  );
}
