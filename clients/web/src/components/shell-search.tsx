"use client";
// The slot for the search in the top bar. Components import no feature, so the app layer fills it.
import { createContext, useContext, type ReactNode } from "react";

/** Renders the search. `onHelp` opens the help of the page; undefined when the page has none. */
export type ShellSearch = (onHelp: (() => void) | undefined) => ReactNode;

const Slot = createContext<ShellSearch | null>(null);

export const ShellSearchProvider = Slot.Provider;

/** Null when nobody is signed in. */
export function useShellSearch(): ShellSearch | null {
  return useContext(Slot);
}
