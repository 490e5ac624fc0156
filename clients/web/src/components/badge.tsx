// A small label with a coloured dot.
import clsx from "clsx";
import type { ReactNode } from "react";

export type Tone = "ok" | "warn" | "crit" | "info" | "neutral";

const TONES: Record<Tone, string> = {
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  crit: "bg-crit-soft text-crit",
  info: "bg-info-soft text-info",
  neutral: "bg-surface-2 text-fg-2",
};

export function Badge({
  tone,
  children,
  className,
  title,
  hasDot = true,
}: {
  tone: Tone;
  /** A kind has no dot, a state has one. */
  hasDot?: boolean;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={clsx(
        "inline-flex h-5 items-center gap-1.5 rounded-[5px] px-1.5 text-2xs font-medium whitespace-nowrap tabular-nums",
        TONES[tone],
        className,
      )}
    >
      {hasDot && <span className="keep-color size-1.5 rounded-full bg-current" aria-hidden />}
      {children}
    </span>
  );
}

const DOTS: Record<Tone, string> = {
  ok: "bg-ok-fill",
  warn: "bg-warn-fill",
  crit: "bg-crit-fill",
  info: "bg-info",
  neutral: "bg-fg-3",
};

/** A decorative dot. The text next to it must say the same. */
export function StatusDot({ tone }: { tone: Tone }) {
  return (
    <span
      aria-hidden
      className={clsx("keep-color inline-block size-1.5 shrink-0 rounded-full", DOTS[tone])}
    />
  );
}
