"use client";
// Connects the session, the address and the explorer.
import { useCallback, useMemo } from "react";
import { LiveRoute } from "@/app/live-route";
import { Explore, ExploreSkeleton } from "@/features/explore/explore";
import { applyDeviceState } from "@/features/explore/queries";
import { decode, encode, type Question } from "@/features/explore/question";
import { useQueryString } from "./use-query-string";

export function ExploreScreen() {
  const [query, setQuery] = useQueryString();
  const asked = useMemo(() => decode(query), [query]);
  const ask = useCallback(
    (question: Question, isStep: boolean) => setQuery(encode(question), isStep),
    [setQuery],
  );
  return (
    <LiveRoute page="/explore" skeleton={<ExploreSkeleton />} onDevice={applyDeviceState}>
      {({ api, can, account }) => (
        <Explore api={api} accountId={account.id} can={can} asked={asked} onAsk={ask} />
      )}
    </LiveRoute>
  );
}
