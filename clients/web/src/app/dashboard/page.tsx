import { Suspense } from "react";
import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { serverEnv } from "@/lib/server/env";
import { DashboardScreen } from "./dashboard-screen";

export const generateMetadata = pageTitle("dashboard");

export default function DashboardPage() {
  return (
    <PageMessages of={["boards", "dashboard"]}>
      <Suspense>
        <DashboardScreen mayEmbed={serverEnv().embedOrigins.length > 0} />
      </Suspense>
    </PageMessages>
  );
}
