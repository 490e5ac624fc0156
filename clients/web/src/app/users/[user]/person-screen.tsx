"use client";
// Connects the session and the page about one account.
import { ProtectedRoute } from "@/app/protected-route";
import type { ChangedQueries } from "@/features/live/changes/use-changes";
import { USERS_KEY } from "@/features/users/queries";
import { PersonPage, PersonSkeleton } from "@/features/users/person/person-page";

const CHANGES: ChangedQueries = { "/people": () => [USERS_KEY], "/mirror": () => [USERS_KEY] };

export function PersonScreen({ id }: { id: string }) {
  return (
    <ProtectedRoute page="/users" skeleton={<PersonSkeleton />} changes={CHANGES}>
      {({ api, account, can }) => <PersonPage key={id} api={api} ownId={account.id} can={can} id={id} />}
    </ProtectedRoute>
  );
}
