// The time at which a preset ends. It advances while the page is visible.
import { useEffect, useState } from "react";

/** The current time in µs, renewed every `everyUs`; null: it stays the same. */
export function useNow(everyUs: number | null): number {
  const [now, setNow] = useState(() => Date.now() * 1_000);
  useEffect(() => {
    if (everyUs === null) return;
    const advance = () => {
      if (!document.hidden) setNow(Date.now() * 1_000);
    };
    const timer = setInterval(advance, everyUs / 1_000);
    document.addEventListener("visibilitychange", advance);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", advance);
    };
  }, [everyUs]);
  return now;
}
