// What the markings of a chart mean; only those that it shows.
export type Marks = { readonly hasGaps: boolean; readonly hasLate: boolean };

export const NO_MARKS: Marks = { hasGaps: false, hasLate: false };

export function ChartKey({ hasGaps, hasLate }: Marks) {
  if (!hasGaps && !hasLate) return null;
  return (
    <span className="flex items-center gap-3 text-2xs whitespace-nowrap text-fg-2" data-testid="chart-key">
      {hasGaps && (
        <span className="flex items-center gap-1.5" data-testid="key-gap">
          <span aria-hidden className="gap-hatch size-3 rounded-[2px] border" />
          No readings
        </span>
      )}
      {hasLate && (
        <span className="flex items-center gap-1.5" data-testid="key-late">
          <span aria-hidden className="h-[3px] w-3 rounded-full bg-info" />
          Arrived late
        </span>
      )}
    </span>
  );
}
