import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { OfflineAccessScreen } from "./offline-access-screen";

export const generateMetadata = pageTitle("offline-access");

export default function OfflineAccessPage() {
  return (
    <PageMessages of={["offline-access"]}>
      <OfflineAccessScreen />
    </PageMessages>
  );
}
