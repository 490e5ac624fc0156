import type { Metadata } from "next";
import { OfflineAccessScreen } from "./offline-access-screen";

export const metadata: Metadata = { title: "Offline access" };

export default function OfflineAccessPage() {
  return <OfflineAccessScreen />;
}
