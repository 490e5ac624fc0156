// The shortcuts of the search: Ctrl+K or Cmd+K everywhere, and `g` with a letter outside fields.
import { useEffectEvent, useLayoutEffect, useRef } from "react";
import type { PageHref } from "@/lib/site-map";
import { FIRST_KEY, pageOfLetter } from "./go-to";

/** The longest time between `g` and the letter. */
const SEQUENCE_MS = 1_500;
const TYPING = "input, textarea, select, [contenteditable=true], [role=menu], [role=dialog]";

/** `onSearch`: opens or closes the search. `onPage`: opens a page. Both are called for key presses only. */
export function useKeys(onSearch: () => void, onPage: (href: PageHref) => void): void {
  const startedAt = useRef<number | null>(null);
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (isSearchKey(event)) {
      // Without it, the browser opens its own search.
      event.preventDefault();
      if (!event.repeat) onSearch();
      return;
    }
    const started = startedAt.current;
    startedAt.current = null;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target instanceof Element && event.target.closest(TYPING)) return;
    if (started !== null && event.timeStamp - started <= SEQUENCE_MS) {
      const page = pageOfLetter(event.key);
      if (!page) return;
      // The letter alone may be a shortcut of the page.
      event.preventDefault();
      event.stopPropagation();
      onPage(page);
    } else if (event.key === FIRST_KEY) startedAt.current = event.timeStamp;
  });
  // From the moment that the button is visible.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => pressed(event);
    // Before the shortcuts of the page.
    window.addEventListener("keydown", listen, true);
    return () => window.removeEventListener("keydown", listen, true);
  }, []);
}

function isSearchKey({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean {
  return key.toLowerCase() === "k" && ctrlKey !== metaKey && !altKey && !shiftKey;
}
