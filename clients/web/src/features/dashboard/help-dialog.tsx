"use client";
// The help: keyboard shortcuts and notes about the charts.
import { useTranslations } from "next-intl";
import { Dialog } from "@/components/dialog";
import { Kbd } from "@/components/kbd";
import { RANGES } from "./ranges";

const SHORTCUTS = [
  { name: "pause", keys: ["p"] },
  { name: "range", keys: RANGES.map((_, index) => String(index + 1)) },
  { name: "help", keys: ["?"] },
] as const;

const NOTES = ["paused", "gaps", "stale", "interval", "extremes", "solo"] as const;

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("dashboard");
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t("help.title")}>
      <dl className="space-y-2 text-ui">
        {SHORTCUTS.map(({ name, keys }) => (
          <div key={name} className="flex items-center justify-between gap-4">
            <dt className="text-fg-2">
              {t(`help.keys.${name}`, { first: RANGES[0].key, last: RANGES.at(-1)!.key })}
            </dt>
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
          <li key={note}>{t(`help.notes.${note}`)}</li>
        ))}
      </ul>
    </Dialog>
  );
}
