"use client";
// Connects the session, the address and the explorer.
import { useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";
import { ProtectedRoute } from "@/app/protected-route";
import { Explore, ExploreSkeleton } from "@/features/explore/explore";
import { decode, encode, type Question } from "@/features/explore/question";

export function ExploreScreen() {
  const query = useSearchParams().toString();
  const asked = useMemo(() => decode(query), [query]);
  const ask = useCallback((question: Question, isStep: boolean) => {
    const next = encode(question);
    const address = next ? `?${next}` : location.pathname;
    if (isStep) window.history.pushState(null, "", address);
    else window.history.replaceState(null, "", address);
  }, []);
  return (
    <ProtectedRoute page="/explore" skeleton={<ExploreSkeleton />}>
      {({ api, can }) => <Explore api={api} can={can} asked={asked} onAsk={ask} />}
    </ProtectedRoute>
  );
}
