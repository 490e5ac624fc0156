// Returns the keyboard focus when a dialog closes.
import { useState } from "react";

/**
 * A handler for `onCloseAutoFocus`. It returns the focus to the element that had it before, or to the page's content. Use
 * the hook in a component that mounts when the dialog opens.
 */
export function useFocusReturn(): (event: Event) => void {
  // The first render runs before an element of the dialog takes the focus.
  const [opener] = useState(() => document.activeElement);
  return (event) => {
    event.preventDefault();
    const target = opener?.isConnected && opener !== document.body ? opener : document.getElementById("main");
    if (target instanceof HTMLElement) target.focus();
  };
}
