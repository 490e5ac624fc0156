"use client";
// The list of devices with a search. Arrow keys move, Enter selects.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import clsx from "clsx";
import { Check } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { StatusDot } from "@/components/badge";
import { Input } from "@/components/form/input";
import type { Device } from "@/contracts/http";
import type { Backlogs } from "@/lib/readings/backlog";
import { CatchUp } from "./catch-up";
import { devicesMatching } from "./device-search";
import { deviceState } from "./device-state";

type DeviceListProps = {
  /** Without them, the list shows no backlogs. */
  backlogs?: Backlogs;
  devices: readonly Device[];
  selectedId: string | null;
  onSelect: (id: string) => void;
  className?: string;
};

// A longer list is not readable. The search finds the others.
const MAX_SHOWN = 50;

export function DeviceList({ backlogs, devices, selectedId, onSelect, className }: DeviceListProps) {
  const t = useTranslations("dashboard");
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [text, setText] = useState("");
  const [active, setActive] = useState(() =>
    Math.max(
      0,
      firstOf(devices, selectedId).findIndex((device) => device.id === selectedId),
    ),
  );
  const matching = devicesMatching(devices, text);
  const shown = firstOf(matching, selectedId);
  const place = Math.min(active, shown.length - 1);
  useEffect(() => {
    list.current?.children[place]?.scrollIntoView?.({ block: "nearest" });
  }, [place]);

  const onKey = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      Home: 0,
      End: shown.length - 1,
    };
    const next = steps[event.key];
    const selected = shown[place];
    if (next !== undefined) setActive(Math.max(0, Math.min(shown.length - 1, next)));
    else if (event.key === "Enter" && selected) onSelect(selected.id);
    else return;
    event.preventDefault();
  };

  return (
    <div className={clsx("flex min-h-0 flex-col gap-1 text-left", className)}>
      <Input
        fieldSize="sm"
        className="shrink-0"
        type="search"
        role="combobox"
        aria-label={t("findADevice")}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={place >= 0 ? `${id}-${place}` : undefined}
        autoComplete="off"
        placeholder={t("findADevice")}
        data-testid="device-search"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKey}
      />
      <p role="status" className="px-2 py-0.5 text-xs text-fg-3">
        {countText(devices.length, matching.length, shown.length, text)}
      </p>
      <ul
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={t("devices")}
        className="min-h-0 flex-1 overflow-y-auto"
      >
        {shown.map((device, index) => (
          <li
            key={device.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={device.id === selectedId}
            data-testid={`device-${device.id}`}
            onClick={() => onSelect(device.id)}
            onPointerMove={() => setActive(index)}
            className={clsx(
              "flex min-h-8 cursor-pointer items-center gap-2 rounded-[5px] px-2 py-1 text-ui",
              index === place && "bg-surface-2 outline-1 -outline-offset-1 outline-border-strong",
            )}
          >
            <StatusDot tone={deviceState(device).tone} />
            <span className="min-w-0 wrap-anywhere">{device.name}</span>
            <span className="sr-only">{t(`states.${deviceState(device).name}`)}</span>
            {backlogs && <CatchUp backlogs={backlogs} id={device.id} isBrief />}
            {device.id === selectedId && (
              <Check className="ml-auto size-4 shrink-0 text-accent" aria-hidden />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** As many devices as are shown. The selected one is among them: first, when it comes later in the list. */
function firstOf(devices: readonly Device[], selectedId: string | null): readonly Device[] {
  const place = devices.findIndex(({ id }) => id === selectedId);
  if (place < MAX_SHOWN) return devices.slice(0, MAX_SHOWN);
  return [devices[place]!, ...devices.slice(0, MAX_SHOWN - 1)];
}

function countText(all: number, matching: number, shown: number, text: string): string {
  const t = pageTexts("dashboard");
  if (matching === 0) return t("noDeviceMatches", { text: text.trim() });
  if (shown < matching) return t("someShown", { shown, matching });
  return matching === all ? t("allDevices", { all }) : t("matchingDevices", { matching, all });
}
