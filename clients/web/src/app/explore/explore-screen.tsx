"use client";
// Connects the session, the address and the explorer.
import { useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";
import { LiveRoute } from "@/app/live-route";
import { Explore, ExploreSkeleton } from "@/features/explore/explore";
import { applyDeviceState } from "@/features/explore/queries";
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
    <LiveRoute page="/explore" skeleton={<ExploreSkeleton />} onDevice={applyDeviceState}>
      {({ api, can }) => <Explore api={api} can={can} asked={asked} onAsk={ask} />}
    </LiveRoute>
  );
}
