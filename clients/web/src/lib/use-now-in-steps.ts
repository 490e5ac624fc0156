// Now, in steps: React renders only when a step ends.
import { useSyncExternalStore } from "react";

const EVERY_MS = 20_000;

function subscribe(changed: () => void): () => void {
  const timer = setInterval(changed, EVERY_MS);
  return () => clearInterval(timer);
}

const coarseNow = () => Math.ceil(Date.now() / EVERY_MS) * EVERY_MS;

/** Milliseconds since the Unix epoch, rounded up to 20 s. */
export function useNowInSteps(): number {
  return useSyncExternalStore(subscribe, coarseNow, coarseNow);
}
