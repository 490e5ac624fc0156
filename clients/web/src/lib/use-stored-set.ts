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

/** The set under `key`, and a function that adds or removes a name. It is empty where nothing can be stored. */
export function useStoredSet(key: string): [has: (name: string) => boolean, toggle: (name: string) => void] {
  const text = useSyncExternalStore(
    subscribe,
    () => read(key),
    () => "",
  );
  const names = new Set(text.split(",").filter(Boolean));
  const toggle = (name: string) => {
    const next = new Set(names);
    if (!next.delete(name)) next.add(name);
    try {
      localStorage.setItem(key, [...next].join(","));
    } catch {
      // Storage is blocked. The table keeps all columns.
    }
    for (const listener of listeners) listener();
  };
  return [(name) => names.has(name), toggle];
}
