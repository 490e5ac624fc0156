// The token of a share link. It follows `#`, so no server and no Referer has it. It stays in the address: a screen on a wall
// loads its page again.
import { useSyncExternalStore } from "react";

const TOKEN = /^#([A-Za-z0-9_-]{43})$/;

/** The token in the address of this page; null when there is none. */
export function tokenIn(hash: string): string | null {
  return TOKEN.exec(hash)?.[1] ?? null;
}

/** The token of this page. Use it in the browser only. */
export function useShareToken(): string | null {
  const read = () => tokenIn(location.hash);
  return useSyncExternalStore(subscribe, read, read);
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}
