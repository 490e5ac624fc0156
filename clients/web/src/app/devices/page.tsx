import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { Suspense } from "react";
import { DevicesScreen } from "./devices-screen";

export const generateMetadata = pageTitle("devices");

export default function DevicesPage() {
  return (
    <PageMessages of={["devices"]}>
      <Suspense>
        <DevicesScreen />
      </Suspense>
    </PageMessages>
  );
}
