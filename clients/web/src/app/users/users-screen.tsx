"use client";
// Connects the session and the page about users.
import { ProtectedRoute } from "@/app/protected-route";
import { Users, UsersSkeleton } from "@/features/users/users";
import { useAddress } from "@/lib/use-address";

export function UsersScreen() {
  const [address, setAddress] = useAddress();
  return (
    <ProtectedRoute page="/users" skeleton={<UsersSkeleton />}>
      {({ api, account, can }) => (
        <Users api={api} ownId={account.id} can={can} address={address} setAddress={setAddress} />
      )}
    </ProtectedRoute>
  );
}
