// Whether React has hydrated the page.
import { useSyncExternalStore } from "react";

const never = () => () => {};

/** False on the server and in the first render. Until it is true, a submit would send a plain form to the server. */
export function useIsHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}
