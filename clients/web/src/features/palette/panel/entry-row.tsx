"use client";
// One row of the search.
import { Command } from "cmdk";
import { Kbd } from "@/components/kbd";
import type { Entry } from "../types";

export function EntryRow({ entry, onChoose }: { entry: Entry; onChoose: (entry: Entry) => void }) {
  const { key, title, detail, icon: Icon, keys } = entry;
  return (
    <Command.Item
      value={key}
      onSelect={() => onChoose(entry)}
      data-testid={`palette-entry-${key}`}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-[7px] px-2 py-1.5 text-ui data-[selected=true]:bg-surface-2 forced-colors:data-[selected=true]:outline-2"
    >
      <Icon className="size-4 shrink-0 text-fg-3" aria-hidden />
      <span className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-2 [overflow-wrap:anywhere]">
        <bdi>{title}</bdi>
        {detail && <bdi className="text-xs text-fg-3">{detail}</bdi>}
      </span>
      {keys && (
        <span className="flex shrink-0 gap-1 max-sm:hidden">
          {keys.map((one) => (
            <Kbd key={one}>{one}</Kbd>
          ))}
        </span>
      )}
    </Command.Item>
  );
}
