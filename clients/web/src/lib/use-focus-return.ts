// Returns the keyboard focus when a dialog or a menu closes.
import { useState } from "react";

/**
 * True when an element has the keyboard focus already. Radix returns the focus a moment after something closes. By then the
 * person may have moved on, for example to a dialog that opened meanwhile. Its field must keep the focus.
 */
export function hasFocusMovedOn(): boolean {
  const active = document.activeElement;
  return active !== null && active !== document.body;
}

/**
 * A handler for `onCloseAutoFocus`. It returns the focus to the element that had it before, or to the page's content. Use
 * the hook in a component that mounts when the dialog opens.
 */
export function useFocusReturn(): (event: Event) => void {
  // The first render runs before an element of the dialog takes the focus.
  const [opener] = useState(() => document.activeElement);
  return (event) => {
    event.preventDefault();
    if (hasFocusMovedOn()) return;
    const target = opener?.isConnected && opener !== document.body ? opener : document.getElementById("main");
    if (target instanceof HTMLElement) target.focus();
  };
}
