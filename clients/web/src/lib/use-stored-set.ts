// A set of names that this browser remembers, such as the hidden columns of a table.
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  window.addEventListener("storage", changed);
  return () => {
    listeners.delete(changed);
    window.removeEventListener("storage", changed);
  };
}

function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

export type StoredSet = {
  readonly names: ReadonlySet<string>;
  /** Adds the name, or removes it. */
  readonly toggle: (name: string) => void;
  readonly replace: (names: Iterable<string>) => void;
};

/** The set under `key`. It is empty where nothing can be stored. */
export function useStoredSet(key: string): StoredSet {
  const text = useSyncExternalStore(
    subscribe,
    () => read(key),
    () => "",
  );
  const names = new Set(text.split(",").filter(Boolean));
  const replace = (next: Iterable<string>) => {
    try {
      localStorage.setItem(key, [...next].join(","));
    } catch {
      // Storage is blocked. The table keeps all columns.
    }
    for (const listener of listeners) listener();
  };
  const toggle = (name: string) => {
    const next = new Set(names);
    if (!next.delete(name)) next.add(name);
    replace(next);
  };
  return { names, toggle, replace };
}
