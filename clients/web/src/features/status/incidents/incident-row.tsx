"use client";
// One row of the list of incidents.
import clsx from "clsx";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Badge, type Tone } from "@/components/badge";

type IncidentRowProps = {
  icon: LucideIcon;
  tone: Tone;
  title: ReactNode;
  /** The state in a word. */
  state?: string;
  /** When, and for how long. */
  time: ReactNode;
  actions?: ReactNode;
  testId?: string;
  children?: ReactNode;
};

const TILES: Readonly<Record<Tone, string>> = {
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  crit: "bg-crit-soft text-crit",
  info: "bg-info-soft text-info",
  neutral: "bg-surface-2 text-fg-2",
};

export function IncidentRow({
  icon: Icon,
  tone,
  title,
  state,
  time,
  actions,
  testId,
  children,
}: IncidentRowProps) {
  return (
    <li className="flex gap-3 px-4 py-3 text-ui" data-testid={testId}>
      <span className={clsx("flex size-7 shrink-0 items-center justify-center rounded-[7px]", TILES[tone])}>
        <Icon className="size-4" aria-hidden />
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <span className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
            <bdi className="font-medium wrap-anywhere">{title}</bdi>
            {state && <Badge tone={tone}>{state}</Badge>}
          </span>
          <span className="text-xs text-fg-2 tabular-nums">{time}</span>
        </div>
        {children}
        {actions && <div className="mt-2 flex flex-wrap gap-2">{actions}</div>}
      </div>
    </li>
  );
}
