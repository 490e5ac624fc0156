"use client";
// Whether the screen is too narrow for the columns of a dashboard.
import { useSyncExternalStore } from "react";

const COLUMNS_FIT = "(min-width: 48rem)";

export function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(COLUMNS_FIT);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => !matchMedia(COLUMNS_FIT).matches,
    () => false,
  );
}
