"use client";
// Connects the session and the security page.
import { ProtectedRoute } from "@/app/protected-route";
import { Security, SecuritySkeleton } from "@/features/security/security";

export function SecurityScreen() {
  return (
    <ProtectedRoute page="/security" skeleton={<SecuritySkeleton />}>
      {({ api, account, can, session, mustEnrol }) => (
        <Security
          api={api}
          account={account}
          can={can}
          mustEnrol={mustEnrol}
          onPasswordChanged={() => session.leave("password-changed")}
          onFactorEnabled={() => void session.renewNow().catch(() => undefined)}
        />
      )}
    </ProtectedRoute>
  );
}
