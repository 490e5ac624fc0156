// Whether the page's own code runs yet.
import { useSyncExternalStore } from "react";

const never = () => () => {};

/** False on the server and in the first render: a submit would go to the server as a plain form then. */
export function useIsHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
