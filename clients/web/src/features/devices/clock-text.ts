// The difference between a device's clock and the server's, and the lag of its readings.
import { withDecimals } from "@/lib/texts/format";
import { pageTexts } from "@/i18n/page-texts";

/**
 * `+3 ms`, `−4.2 s`: how far the device's clock is ahead. `offsetUs`: the server's time minus the device's. A dash when it
 * is unknown.
 */
export function clockText(offsetUs: number | null): string {
  if (offsetUs === null) return "–";
  const size = Math.abs(offsetUs);
  const sign = offsetUs < 0 ? "+" : "−";
  if (size < 1_000) return "0 ms";
  if (size < 1_000_000) return `${sign}${Math.round(size / 1_000)} ms`;
  const seconds = size / 1_000_000;
  if (seconds < 120) return `${sign}${withDecimals(seconds, 1)} s`;
  if (seconds < 7_200) return `${sign}${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${sign}${Math.round(seconds / 3_600)} h`;
  return `${sign}${pageTexts("devices")("days", { count: Math.round(seconds / 86_400) })}`;
}

/** `41 ms`, `2.8 s`, `12 min`: how old the newest reading was when it arrived. A dash when the device's clock is ahead. */
export function lagText(lagUs: number): string {
  if (lagUs < 0) return "–";
  const text = clockText(lagUs);
  return text.replace("−", "");
}
