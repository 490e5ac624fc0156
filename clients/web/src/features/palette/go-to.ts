// Shortcuts that open a page: `g`, then the letter of the page.
import type { PageHref } from "@/lib/site-map";

export const FIRST_KEY = "g";

export const LETTERS: Readonly<Record<PageHref, string>> = {
  "/dashboard": "d",
  "/explore": "e",
  "/devices": "v",
  "/users": "u",
  "/offline-access": "o",
  "/audit": "a",
  "/status": "s",
  "/admin": "m",
  "/profile": "p",
  "/security": "y",
};

/** The page of the letter; null when no page has it. */
export function pageOfLetter(letter: string): PageHref | null {
  const found = Object.entries(LETTERS).find(([, one]) => one === letter);
  return found ? (found[0] as PageHref) : null;
}
