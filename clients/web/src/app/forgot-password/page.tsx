import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { ForgotPasswordView } from "@/features/security/forgot-password-view";

export const generateMetadata = pageTitle("forgot-password");

export default function ForgotPasswordPage() {
  return (
    <PageMessages of={["security"]}>
      <ForgotPasswordView />
    </PageMessages>
  );
}
