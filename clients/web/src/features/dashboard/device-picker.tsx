"use client";
// Which collector is shown; only there when there is a choice.
import { ChevronsUpDown } from "lucide-react";
import { StatusDot, type Tone } from "@/components/badge";
import { Menu, MenuContent, MenuLabel, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "@/components/menu";
import type { Device } from "@/contracts/http";
import type { Backlogs } from "./backlog";
import { CatchUp } from "./catch-up";

type DevicePickerProps = {
  backlogs: Backlogs;
  devices: readonly Device[];
  selected: Device;
  onSelect: (id: string) => void;
};

const STATES = {
  online: { tone: "ok", word: "online" },
  offline: { tone: "crit", word: "offline" },
  unknown: { tone: "neutral", word: "state unknown" },
} as const satisfies Record<string, { tone: Tone; word: string }>;

export function deviceState({ online }: Pick<Device, "online">) {
  if (online === null) return STATES.unknown;
  return online ? STATES.online : STATES.offline;
}

export function DevicePicker({ backlogs, devices, selected, onSelect }: DevicePickerProps) {
  return (
    <Menu>
      <MenuTrigger asChild>
        <button
          type="button"
          data-testid="device-picker"
          aria-label={`Collector: ${selected.name}, ${deviceState(selected).word}`}
          className="flex h-9 w-full items-center gap-2 rounded-[7px] border bg-surface px-2.5 text-ui hover:bg-surface-2"
        >
          <span
            aria-hidden
            className="flex size-5 shrink-0 items-center justify-center rounded-[5px] bg-accent-soft text-2xs font-semibold text-accent"
          >
            {selected.name.charAt(0).toUpperCase()}
          </span>
          <span className="truncate">{selected.name}</span>
          <ChevronsUpDown className="ml-auto size-3.5 shrink-0 text-fg-3" aria-hidden />
        </button>
      </MenuTrigger>
      <MenuContent align="start" className="max-h-80 w-56 overflow-y-auto">
        <MenuLabel>Collectors</MenuLabel>
        <MenuRadioGroup value={selected.id} onValueChange={onSelect}>
          {devices.map((device) => (
            <MenuRadioItem key={device.id} value={device.id} data-testid={`device-${device.id}`}>
              <StatusDot tone={deviceState(device).tone} />
              <span className="truncate">{device.name}</span>
              <span className="sr-only">{deviceState(device).word}</span>
              <CatchUp backlogs={backlogs} id={device.id} isBrief />
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
