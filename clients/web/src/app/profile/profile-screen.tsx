"use client";
// Connects the session and the profile page.
import { ProtectedRoute } from "@/app/protected-route";
import { Profile, ProfileSkeleton } from "@/features/profile/profile";

export function ProfileScreen() {
  return (
    <ProtectedRoute page="/profile" skeleton={<ProfileSkeleton />}>
      {({ api, account, session }) => (
        <Profile
          api={api}
          account={account}
          onRenamed={() => void session.renewNow().catch(() => undefined)}
        />
      )}
    </ProtectedRoute>
  );
}
