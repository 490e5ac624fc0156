"use client";
// Accounts × collectors: who can sign in where, and which changes are on their way.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { Check, CircleDashed, Clock, ClockAlert, Dot, X, type LucideIcon } from "lucide-react";
import { Avatar } from "@/components/avatar";
import type { Mirror } from "@/contracts/http";
import { CELL_STATES, type CellState, type MatrixRow } from "./cells";

const CELLS: Readonly<Record<CellState, { icon: LucideIcon; className: string }>> = {
  "up-to-date": { icon: Check, className: "bg-ok-soft text-ok" },
  "on-its-way": { icon: Clock, className: "bg-warn-soft text-warn" },
  "no-verifier": { icon: CircleDashed, className: "border border-dashed border-border-strong text-fg-3" },
  "end-unconfirmed": { icon: ClockAlert, className: "bg-crit-soft text-crit" },
  ended: { icon: X, className: "bg-surface-2 text-fg-2" },
  none: { icon: Dot, className: "text-fg-3" },
};

type MatrixProps = {
  rows: readonly MatrixRow[];
  mirrors: readonly Mirror[];
  selected: string | null;
  onSelect: (device: string) => void;
  /** How long an account may sign in after its collector last heard from the server. */
  leaseOf: (row: MatrixRow) => string;
};

export function Matrix({ rows, mirrors, selected, onSelect, leaseOf }: MatrixProps) {
  const t = useTranslations("offline-access");
  return (
    <div
      className="overflow-x-auto border-t"
      tabIndex={0}
      role="region"
      aria-label={t("accountsAndCollectors")}
    >
      <table className="w-full text-ui">
        <thead>
          <tr>
            <th
              scope="col"
              className="sticky left-0 z-[1] min-w-44 bg-surface px-4 pb-2 text-left align-bottom text-xs font-medium text-fg-2"
            >
              {t("account")}
            </th>
            {mirrors.map(({ device, name, state }) => (
              <th
                key={device}
                scope="col"
                className={clsx("p-0 align-bottom", device === selected && "bg-accent-soft")}
              >
                <button
                  type="button"
                  onClick={() => onSelect(device)}
                  aria-pressed={device === selected}
                  data-testid={`collector-${device}`}
                  className={clsx(
                    "mx-auto flex h-36 w-9 items-end justify-center rounded-[5px] pb-2 text-xs font-normal hover:bg-surface-2",
                    state === "in_sync" || state === "unmanaged" ? "text-fg-2" : "font-medium text-warn",
                  )}
                >
                  <span className="max-h-32 overflow-hidden text-ellipsis whitespace-nowrap [writing-mode:vertical-rl] rotate-180">
                    {name || device}
                  </span>
                </button>
              </th>
            ))}
            <th scope="col" className="px-4 pb-2 text-right align-bottom text-xs font-medium text-fg-2">
              {t("lease")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} className="border-t" data-testid={`account-${row.email ?? row.id}`}>
              <th scope="row" className="sticky left-0 z-[1] bg-surface px-4 py-1.5 text-left font-normal">
                <span className="flex items-center gap-2.5">
                  <Avatar name={row.name} size="sm" />
                  <span className="min-w-0">
                    <span dir="auto" className="block font-medium wrap-anywhere">
                      {row.name}
                    </span>
                    <span className="block text-2xs text-fg-2 wrap-anywhere">{row.email}</span>
                  </span>
                </span>
              </th>
              {mirrors.map(({ device, name }) => (
                <td key={device} className={clsx("p-0", device === selected && "bg-accent-soft")}>
                  <Cell state={row.cells[device] ?? "none"} where={name || device} />
                </td>
              ))}
              <td className="px-4 text-right whitespace-nowrap text-fg-2 tabular-nums">{leaseOf(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ state, where }: { state: CellState; where: string }) {
  const t = useTranslations("offline-access");
  const text = `${where}: ${t(`cells.${state}`)}`;
  return (
    <span className="flex justify-center py-1" title={text} data-state={state}>
      <CellIcon state={state} />
      <span className="sr-only">{t(`cells.${state}`)}</span>
    </span>
  );
}

function CellIcon({ state }: { state: CellState }) {
  const { icon: Icon, className } = CELLS[state];
  return (
    <span aria-hidden className={clsx("flex size-6 items-center justify-center rounded-[5px]", className)}>
      <Icon className="size-3.5" />
    </span>
  );
}

export function MatrixLegend() {
  const t = useTranslations("offline-access");
  return (
    <ul
      className="flex flex-wrap gap-x-4 gap-y-1.5 border-t px-4 py-2.5 text-xs text-fg-2"
      aria-label={t("legend")}
    >
      {CELL_STATES.map((state) => (
        <li key={state} className="flex items-center gap-1.5">
          <CellIcon state={state} />
          {t(`cells.${state}`)}
        </li>
      ))}
    </ul>
  );
}
