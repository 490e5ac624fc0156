import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { SetPasswordScreen } from "./set-password-screen";

export const generateMetadata = pageTitle("set-password", { referrer: "no-referrer" });

export default function SetPasswordPage() {
  return (
    <PageMessages of={["security"]}>
      <SetPasswordScreen />
    </PageMessages>
  );
}
