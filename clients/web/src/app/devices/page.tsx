import type { Metadata } from "next";
import { Suspense } from "react";
import { DevicesScreen } from "./devices-screen";

export const metadata: Metadata = { title: "Devices" };

export default function DevicesPage() {
  return (
    <Suspense>
      <DevicesScreen />
    </Suspense>
  );
}
