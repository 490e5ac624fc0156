// Single-key shortcuts of the dashboard; silent while somebody types or a menu or dialog is open.
import { useEffect, useEffectEvent } from "react";

const BUSY = "input, textarea, select, [contenteditable=true], [role=menu], [role=dialog]";

/** Runs `bindings[key]` when that key alone is pressed. */
export function useShortcuts(bindings: Readonly<Record<string, () => void>>): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest(BUSY)) return;
    const action = bindings[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => pressed(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
