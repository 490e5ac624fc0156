"use client";
// Connects the session and the page about users.
import { ProtectedRoute } from "@/app/protected-route";
import { Users, UsersSkeleton } from "@/features/users/users";
import type { ChangedQueries } from "@/features/live/changes/use-changes";
import { USERS_KEY } from "@/features/users/queries";
import { useAddress } from "@/lib/use-address";

const CHANGES: ChangedQueries = { "/people": () => [USERS_KEY] };

export function UsersScreen() {
  const [address, setAddress] = useAddress();
  return (
    <ProtectedRoute page="/users" skeleton={<UsersSkeleton />} changes={CHANGES}>
      {({ api, account, can }) => (
        <Users api={api} ownId={account.id} can={can} address={address} setAddress={setAddress} />
      )}
    </ProtectedRoute>
  );
}
