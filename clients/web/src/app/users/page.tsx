import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { Suspense } from "react";
import { UsersScreen } from "./users-screen";

export const generateMetadata = pageTitle("users");

export default function UsersPage() {
  return (
    <PageMessages of={["users"]}>
      <Suspense>
        <UsersScreen />
      </Suspense>
    </PageMessages>
  );
}
