// The initials of a person on a colour that follows from the name. Decorative: the name stands beside it.
import clsx from "clsx";

const COLORS = [
  "bg-accent-soft text-accent",
  "bg-ok-soft text-ok",
  "bg-warn-soft text-warn",
  "bg-info-soft text-info",
  "bg-crit-soft text-crit",
] as const;

export function Avatar({ name, size = "md" }: { name: string; size?: "sm" | "md" }) {
  return (
    <span
      aria-hidden
      className={clsx(
        "flex shrink-0 items-center justify-center rounded-full font-semibold",
        size === "md" ? "size-8 text-xs" : "size-6 text-2xs",
        COLORS[hash(name) % COLORS.length],
      )}
    >
      {initials(name)}
    </span>
  );
}

/** At most two letters. Takes whole characters, so that an emoji is not cut in half. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : [words[0] ?? "?"];
  return letters.map((word) => Array.from(word)[0]!.toUpperCase()).join("");
}

function hash(text: string): number {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)!) % 1_000_003;
  return sum;
}
