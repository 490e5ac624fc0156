import { pageTitle } from "@/i18n/page-title";
import { StatusScreen } from "./status-screen";

export const generateMetadata = pageTitle("status");

export default function StatusPage() {
  return <StatusScreen />;
}
