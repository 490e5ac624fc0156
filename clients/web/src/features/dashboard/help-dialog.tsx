"use client";
// What the page shows and which keys it knows.
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
  "While the view is paused, readings go on being collected; Resume jumps back to now.",
  "A broken line means that no readings came for three intervals or more. Nothing is drawn between.",
  "“Stale” means that a value is older than three intervals (at least 3 seconds).",
  "Where a device does not say how often it sends, that is read from its readings. A grey age means that there are too few.",
  "Over long ranges each pixel shows the lowest and highest reading in its time, so no peak is lost.",
  "A click on a name under a chart shows it alone; with Ctrl it is shown or hidden.",
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
