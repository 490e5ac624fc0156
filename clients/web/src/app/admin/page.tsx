import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { AdminScreen } from "./admin-screen";

export const generateMetadata = pageTitle("admin");

export default function AdminPage() {
  return (
    <PageMessages of={["admin"]}>
      <AdminScreen />
    </PageMessages>
  );
}
