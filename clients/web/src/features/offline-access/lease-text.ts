// Durations of leases.

/** `72 h`, `30 days`, `8 min`; "never" for 0. */
export function leaseText(seconds: number): string {
  if (seconds <= 0) return "never";
  if (seconds < 3_600) return `${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds <= 72 * 3_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
