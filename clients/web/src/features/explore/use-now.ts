// The time at which a preset ends. It advances while the page is visible.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/**
 * The current time in µs, renewed every `everyUs`; null: it stays the same. It stands still while readings load: another
 * range would abort them, and a slow network would never finish one.
 */
export function useNow(everyUs: number | null): number {
  const client = useQueryClient();
  const [now, setNow] = useState(() => Date.now() * 1_000);
  useEffect(() => {
    if (everyUs === null) return;
    const advance = () => {
      const isLoading = client.isFetching({ queryKey: ["explore", "readings"] }) > 0;
      if (!document.hidden && !isLoading) setNow(Date.now() * 1_000);
    };
    const timer = setInterval(advance, everyUs / 1_000);
    document.addEventListener("visibilitychange", advance);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", advance);
    };
  }, [client, everyUs]);
  return now;
}
