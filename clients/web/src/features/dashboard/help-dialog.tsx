"use client";
// The help: keyboard shortcuts and notes about the charts.
import { Dialog } from "@/components/dialog";
import { Kbd } from "@/components/kbd";
import { RANGES } from "./ranges";

const SHORTCUTS = [
  { keys: ["p"], does: "Pause or resume the view" },
  {
    keys: RANGES.map((_, index) => String(index + 1)),
    does: `Time range, from ${RANGES[0].key} to ${RANGES.at(-1)?.key}`,
  },
  { keys: ["?"], does: "This help" },
];

const NOTES = [
  "While the view is paused, readings are still collected. Resume returns to now.",
  "A line breaks where no readings arrived for more than three intervals.",
  "A value is stale when it is older than three intervals, and at least 3 seconds old.",
  "If a device does not declare its interval, the page estimates it. A grey age means that there are too few readings.",
  "In long ranges, each pixel shows the lowest and highest reading of its time, so every peak is visible.",
  "Click a name under a chart to show that series alone. Ctrl+click shows or hides it.",
];

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Help & shortcuts">
      <dl className="space-y-2 text-ui">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={does} className="flex items-center justify-between gap-4">
            <dt className="text-fg-2">{does}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <ul className="mt-4 list-disc space-y-1.5 border-t pt-4 pl-4 text-ui text-fg-2">
        {NOTES.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </Dialog>
  );
}
