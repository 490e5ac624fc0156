import type { Metadata } from "next";
import { ForgotPasswordView } from "@/features/security/forgot-password-view";

export const metadata: Metadata = { title: "Forgot password" };

export default function ForgotPasswordPage() {
  return <ForgotPasswordView />;
}
