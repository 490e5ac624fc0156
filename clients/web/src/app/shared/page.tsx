import { Suspense } from "react";
import { SharedScreen } from "@/app/shared/shared-screen";
import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";

export const generateMetadata = pageTitle("shared", { referrer: "no-referrer" });

export default function SharedPage() {
  return (
    <PageMessages of={["boards", "dashboard"]}>
      <Suspense>
        <SharedScreen />
      </Suspense>
    </PageMessages>
  );
}
