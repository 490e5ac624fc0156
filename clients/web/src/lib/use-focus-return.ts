// Where the keyboard goes when a dialog closes.
import { useState } from "react";

/** For `onCloseAutoFocus` of what is mounted when it opens: back to where the focus was, or to the page's content. */
export function useFocusReturn(): (event: Event) => void {
  // Before anything in the dialog takes the focus.
  const [opener] = useState(() => document.activeElement);
  return (event) => {
    event.preventDefault();
    const target = opener?.isConnected && opener !== document.body ? opener : document.getElementById("main");
    if (target instanceof HTMLElement) target.focus();
  };
}
