import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { SecurityScreen } from "./security-screen";

export const generateMetadata = pageTitle("security");

export default function SecurityPage() {
  return (
    <PageMessages of={["security"]}>
      <SecurityScreen />
    </PageMessages>
  );
}
