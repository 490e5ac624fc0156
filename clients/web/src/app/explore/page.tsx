import { Suspense } from "react";
import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { ExploreScreen } from "./explore-screen";

export const generateMetadata = pageTitle("explore");

export default function ExplorePage() {
  return (
    <PageMessages of={["explore"]}>
      <Suspense>
        <ExploreScreen />
      </Suspense>
    </PageMessages>
  );
}
