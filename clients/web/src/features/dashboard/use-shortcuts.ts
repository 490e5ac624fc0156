// Single-key shortcuts of the dashboard. Ignored in text fields, menus and dialogs.
import { useEffect, useEffectEvent } from "react";

const IGNORED = "input, textarea, select, [contenteditable=true], [role=menu], [role=dialog]";

/** Runs `bindings[key]` when the key is pressed without a modifier. */
export function useShortcuts(bindings: Readonly<Record<string, () => void>>): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest(IGNORED)) return;
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
