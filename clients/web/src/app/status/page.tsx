import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { StatusScreen } from "./status-screen";

export const generateMetadata = pageTitle("status");

export default function StatusPage() {
  return (
    <PageMessages of={["status"]}>
      <StatusScreen />
    </PageMessages>
  );
}
