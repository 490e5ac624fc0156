import { pageTitle } from "@/i18n/page-title";
import { ForgotPasswordView } from "@/features/security/forgot-password-view";

export const generateMetadata = pageTitle("forgot-password");

export default function ForgotPasswordPage() {
  return <ForgotPasswordView />;
}
