// A figure with its label and one line of explanation.
import type { ReactNode } from "react";
import { StatusDot, type Tone } from "./badge";

type StatTileProps = {
  label: string;
  value: ReactNode;
  unit?: ReactNode;
  note?: ReactNode;
  /** A dot beside the label. The note must say the same in words. */
  tone?: Tone;
  testId?: string;
};

export function StatTile({ label, value, unit, note, tone, testId }: StatTileProps) {
  return (
    <div className="min-w-0 rounded-[10px] border bg-surface px-4 py-3" data-testid={testId}>
      <p className="flex items-center gap-1.5 text-xs text-fg-2">
        {label}
        {tone && <StatusDot tone={tone} />}
      </p>
      <p className="flex flex-wrap items-baseline gap-x-1.5">
        <span className="text-[26px] leading-8 font-semibold tracking-[-0.025em] tabular-nums">{value}</span>
        {unit && <span className="text-ui text-fg-2">{unit}</span>}
      </p>
      {note && <p className="text-xs text-fg-3 wrap-anywhere">{note}</p>}
    </div>
  );
}

/** A row of tiles: as many beside each other as fit. */
export function StatTiles({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section
      aria-label={label}
      className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,10.5rem),1fr))] gap-3"
    >
      {children}
    </section>
  );
}
