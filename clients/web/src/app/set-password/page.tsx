import type { Metadata } from "next";
import { SetPasswordScreen } from "./set-password-screen";

export const metadata: Metadata = { title: "Set password", referrer: "no-referrer" };

export default function SetPasswordPage() {
  return <SetPasswordScreen />;
}
