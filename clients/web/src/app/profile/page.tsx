import { PageMessages } from "@/i18n/page-messages";
import { pageTitle } from "@/i18n/page-title";
import { ProfileScreen } from "./profile-screen";

export const generateMetadata = pageTitle("profile");

export default function ProfilePage() {
  return (
    <PageMessages of={["profile"]}>
      <ProfileScreen />
    </PageMessages>
  );
}
