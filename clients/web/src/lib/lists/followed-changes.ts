// Which changes the gateway sends to this page. A list that is followed is not polled.
import type { ChangeNamespace } from "@/contracts/live";

const followed = new Set<ChangeNamespace>();

export function setFollowed(namespace: ChangeNamespace, isFollowed: boolean): void {
  if (isFollowed) followed.add(namespace);
  else followed.delete(namespace);
}

/**
 * A `refetchInterval`: `everyMs` while one of the namespaces is not followed, so that the page stays current without
 * them, and after a failed load. `followedMs` while all are: false, or the interval for what no change reports, such as ages.
 */
export function pollUnlessFollowed(
  namespaces: readonly ChangeNamespace[],
  everyMs: number,
  followedMs: number | false = false,
): (query: { readonly state: { readonly status: string } }) => number | false {
  return ({ state }) => {
    const isCurrent = state.status !== "error" && namespaces.every((one) => followed.has(one));
    return isCurrent ? followedMs : everyMs;
  };
}
