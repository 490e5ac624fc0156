"use client";
// The query string of the address. It follows the back button at once, also after a reload.
import { useSearchParams } from "next/navigation";
import { useCallback, useSyncExternalStore } from "react";

const CHANGED = "pulse:query";

/** Changes the query string. `isStep`: the back button returns to the one before. */
type SetQuery = (query: string, isStep: boolean) => void;

/** The query string without `?`. The component needs a Suspense boundary above it. */
export function useQueryString(): [query: string, set: SetQuery] {
  // Renders again after a navigation of the router, such as a click on a link.
  useSearchParams();
  const query = useSyncExternalStore(subscribe, read, readOnServer);
  const set = useCallback<SetQuery>((next, isStep) => {
    const address = next ? `?${next}` : location.pathname;
    if (isStep) window.history.pushState(null, "", address);
    else window.history.replaceState(null, "", address);
    dispatchEvent(new Event(CHANGED));
  }, []);
  return [query, set];
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(CHANGED, listener);
  };
}

function read(): string {
  return location.search.slice(1);
}

function readOnServer(): string {
  return "";
}
