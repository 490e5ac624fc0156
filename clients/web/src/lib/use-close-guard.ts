import { useEffect } from "react";

/** Lets the browser ask before the tab is closed or reloaded, as long as `isActive`. */
export function useCloseGuard(isActive: boolean): void {
  useEffect(() => {
    if (!isActive) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isActive]);
}
