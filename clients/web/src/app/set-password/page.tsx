import { pageTitle } from "@/i18n/page-title";
import { SetPasswordScreen } from "./set-password-screen";

export const generateMetadata = pageTitle("set-password", { referrer: "no-referrer" });

export default function SetPasswordPage() {
  return <SetPasswordScreen />;
}
