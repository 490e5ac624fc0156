// Durations of leases.
import { pageTexts } from "@/i18n/page-texts";

/** `72 h`, `30 days`, `8 min`; "never" for 0. */
export function leaseText(seconds: number): string {
  const t = pageTexts("offline-access");
  if (seconds <= 0) return t("never");
  if (seconds < 3_600) return t("minutes", { count: Math.max(1, Math.round(seconds / 60)) });
  if (seconds <= 72 * 3_600) return t("hours", { count: Math.round(seconds / 3_600) });
  return t("days", { count: Math.round(seconds / 86_400) });
}
