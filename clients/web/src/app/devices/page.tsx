import { pageTitle } from "@/i18n/page-title";
import { Suspense } from "react";
import { DevicesScreen } from "./devices-screen";

export const generateMetadata = pageTitle("devices");

export default function DevicesPage() {
  return (
    <Suspense>
      <DevicesScreen />
    </Suspense>
  );
}
