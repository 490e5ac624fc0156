"use client";
// Selects the device to show. Rendered only when there is a choice.
import { useTranslations } from "next-intl";
import { ChevronsUpDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import type { Device } from "@/contracts/http";
import { hasFocusMovedOn } from "@/lib/use-focus-return";
import type { Backlogs } from "@/lib/readings/backlog";
import { DeviceList } from "./device-list";
import { deviceState } from "./device-state";

type DevicePickerProps = {
  backlogs: Backlogs;
  devices: readonly Device[];
  /** Undefined when the address names an unknown device. */
  selected: Device | undefined;
  onSelect: (id: string) => void;
};

export function DevicePicker({ backlogs, devices, selected, onSelect }: DevicePickerProps) {
  const t = useTranslations("dashboard");
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          data-testid="device-picker"
          aria-label={
            selected
              ? t("deviceLabel", { name: selected.name, state: t(`states.${deviceState(selected).name}`) })
              : t("chooseADevice")
          }
          className="flex min-h-9 w-full items-center gap-2 rounded-[7px] border bg-surface px-2.5 py-1.5 text-left text-ui hover:bg-surface-2"
        >
          <span
            aria-hidden
            className="flex size-5 shrink-0 items-center justify-center rounded-[5px] bg-accent-soft text-2xs font-semibold text-accent"
          >
            {selected ? selected.name.charAt(0).toUpperCase() : "?"}
          </span>
          <span className="min-w-0 wrap-anywhere">{selected?.name ?? t("chooseADevice")}</span>
          <ChevronsUpDown className="ml-auto size-3.5 shrink-0 text-fg-3" aria-hidden />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={8}
          onCloseAutoFocus={(event) => hasFocusMovedOn() && event.preventDefault()}
          aria-label={t("chooseADevice")}
          className="z-50 flex max-h-[min(26rem,var(--radix-popover-content-available-height))] w-72 max-w-[calc(100vw-1rem)] flex-col rounded-[10px] border bg-surface p-1.5 shadow-pop outline-none"
        >
          <DeviceList
            backlogs={backlogs}
            devices={devices}
            selectedId={selected?.id ?? null}
            onSelect={(id) => {
              setOpen(false);
              onSelect(id);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
