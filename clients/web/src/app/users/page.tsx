import { pageTitle } from "@/i18n/page-title";
import { Suspense } from "react";
import { UsersScreen } from "./users-screen";

export const generateMetadata = pageTitle("users");

export default function UsersPage() {
  return (
    <Suspense>
      <UsersScreen />
    </Suspense>
  );
}
