import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { OfflineView } from "@/features/offline/offline-view";

export const generateMetadata = pageTitle("offline");

/** The service worker keeps this page and shows it at the address of a page that cannot be loaded. */
export default function OfflinePage() {
  return (
    <PageMessages of={["offline"]}>
      <OfflineView />
    </PageMessages>
  );
}
