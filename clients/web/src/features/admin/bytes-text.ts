// Sizes as texts.
import { formatBrief } from "@/lib/texts/format";

/** `1.2 GiB`. */
export function bytesText(bytes: number): string {
  const { text, unit } = formatBrief(bytes, { type: "int", unit: "B" });
  return `${text} ${unit}`;
}
