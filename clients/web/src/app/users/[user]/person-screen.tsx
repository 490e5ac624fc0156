"use client";
// Connects the session and the page about one account.
import { ProtectedRoute } from "@/app/protected-route";
import { PersonPage, PersonSkeleton } from "@/features/users/person/person-page";

export function PersonScreen({ id }: { id: string }) {
  return (
    <ProtectedRoute page="/users" skeleton={<PersonSkeleton />}>
      {({ api, account, can }) => <PersonPage key={id} api={api} ownId={account.id} can={can} id={id} />}
    </ProtectedRoute>
  );
}
