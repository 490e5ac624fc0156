"use client";
// The state of a page that its address holds: search, filters, order. A link to it shows the same.
import { useSearchParams } from "next/navigation";
import { useCallback } from "react";

/** Changes parameters of the address; null or "" removes one. Adds nothing to the history. */
export type SetAddress = (changes: Readonly<Record<string, string | null>>) => void;

/** The parameters of the address. The component needs a Suspense boundary above it. */
export function useAddress(): [get: (name: string) => string | null, set: SetAddress] {
  const parameters = useSearchParams();
  const set = useCallback<SetAddress>((changes) => {
    const next = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    window.history.replaceState(null, "", next.size ? `?${next}` : location.pathname);
  }, []);
  return [(name) => parameters.get(name), set];
}

/** `value` if it is one of `known`, else `fallback`: an address may hold anything. */
export function oneOf<Value extends string>(
  value: string | null,
  known: readonly Value[],
  fallback: Value,
): Value {
  return known.find((one) => one === value) ?? fallback;
}
