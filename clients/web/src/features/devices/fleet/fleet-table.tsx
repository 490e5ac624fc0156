"use client";
// The table of devices.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import { numberLocale } from "@/lib/texts/page-locale";
import Link from "next/link";
import type { ReactNode } from "react";
import { Badge } from "@/components/badge";
import { DataTable, type TableColumn, type TableSort } from "@/components/data-table";
import { SelectPage, SelectRow, type Selection } from "@/components/row-selection";
import { When } from "@/components/when";
import type { Backlogs } from "@/lib/readings/backlog";
import type { Can } from "@/lib/permissions";
import { BacklogCell } from "./backlog-cell";
import { clockText, lagText } from "../clock-text";
import { DeviceStateBadge, DeviceStateNote, PromiseMark } from "../device-badges";
import { mirrorState, type FleetDevice } from "../fleet-device";

type FleetTableProps = {
  devices: readonly FleetDevice[];
  can: Can;
  backlogs: Backlogs;
  sort: TableSort;
  onSort: (sort: TableSort) => void;
  isHidden: (column: string) => boolean;
  /** Null when the person may not change devices. */
  selection: Selection<FleetDevice> | null;
};

/** The columns that can be hidden, in the order of the table, with the keys of their texts. */
const COLUMN_TEXTS = {
  site: "siteAndTags",
  state: "state",
  backlog: "backlog",
  lag: "lag",
  clock: "clock",
  version: "version",
  promise: "promise",
  mirror: "offlineAccess",
  series: "series",
  seen: "seen",
} as const;
export type Column = keyof typeof COLUMN_TEXTS;
export const COLUMNS = Object.keys(COLUMN_TEXTS) as Column[];

/** The columns that the person may see, with their names. */
export function namedColumns(can: Can): { id: Column; label: string }[] {
  const t = pageTexts("devices");
  const absent = new Set<Column>();
  if (!can("collectors.read")) absent.add("site");
  if (!can("mirror.read")) absent.add("mirror");
  return COLUMNS.filter((id) => !absent.has(id)).map((id) => ({ id, label: t(COLUMN_TEXTS[id]) }));
}

export function FleetTable({ devices, can, backlogs, sort, onSort, isHidden, selection }: FleetTableProps) {
  const t = useTranslations("devices");
  const common = useTranslations("common.selection");
  const columns: TableColumn<FleetDevice>[] = [
    {
      id: "name",
      header: t("device"),
      isSortable: true,
      isMain: true,
      cell: (device) => <Name device={device} />,
    },
    {
      id: "state",
      header: t("state"),
      isSortable: true,
      cell: (device) => (
        <span className="inline-flex flex-wrap items-baseline gap-x-2">
          <DeviceStateBadge device={device} />
          <span className="text-2xs text-fg-2">
            <DeviceStateNote device={device} />
          </span>
          <Rejected device={device} />
        </span>
      ),
    },
    {
      id: "backlog",
      header: t("backlog"),
      isSortable: true,
      align: "right",
      cell: (device) => <BacklogCell device={device} backlogs={backlogs} />,
    },
    { id: "lag", header: t("lag"), align: "right", cell: lagCell },
    {
      id: "clock",
      header: t("clock"),
      align: "right",
      cell: clockCell,
    },
    { id: "version", header: t("version"), cell: ({ telemetry }) => telemetry?.version || null },
    { id: "promise", header: t("promise"), cell: ({ isPlain }) => <PromiseMark isPlain={isPlain} /> },
    {
      id: "series",
      header: t("series"),
      align: "right",
      cell: ({ telemetry }) => telemetry?.series_count.toLocaleString(numberLocale()) ?? null,
    },
    {
      id: "seen",
      header: t("seen"),
      isSortable: true,
      cell: ({ telemetry }) => (telemetry?.last_seen_at ? <When at={telemetry.last_seen_at} /> : null),
    },
  ];
  if (can("collectors.read")) columns.splice(1, 0, { id: "site", header: t("siteAndTags"), cell: siteCell });
  if (can("mirror.read"))
    columns.splice(-2, 0, {
      id: "mirror",
      header: t("offlineAccess"),
      cell: mirrorCell,
    });
  if (selection)
    columns.unshift({
      id: "select",
      header: common("select"),
      headerCell: <SelectPage rows={devices} selection={selection} />,
      isCheckBox: true,
      cell: (device) => (
        <SelectRow row={device} name={device.name} testId={`select-${device.id}`} selection={selection} />
      ),
    });
  return (
    <DataTable
      label={t("devices")}
      columns={columns.filter(({ id }) => !isHidden(id))}
      rows={devices}
      rowId={({ id }) => id}
      rowTestId={({ id }) => `device-${id}`}
      sort={sort}
      onSort={onSort}
      isSelected={selection ? ({ id }) => selection.chosen.has(id) : undefined}
    />
  );
}

function Name({ device }: { device: FleetDevice }) {
  return (
    <span className="block min-w-0">
      <Link
        href={`/devices/${device.id}`}
        dir="auto"
        className="font-medium wrap-anywhere hover:text-accent hover:underline"
      >
        {device.name}
      </Link>
      <span className="block font-mono text-xs font-normal text-fg-2 wrap-anywhere">{device.id}</span>
    </span>
  );
}

function siteCell({ site, tags }: FleetDevice): ReactNode {
  if (!site && tags.length === 0) return null;
  return (
    <span className="inline-flex min-w-0 flex-wrap gap-1">
      {site && <span className="w-full wrap-anywhere">{site}</span>}
      {tags.map((tag) => (
        <span key={tag} className="rounded border px-1 text-2xs text-fg-2 wrap-anywhere">
          {tag}
        </span>
      ))}
    </span>
  );
}

/** How many messages of the device were rejected. */
function Rejected({ device: { telemetry } }: { device: FleetDevice }) {
  const t = useTranslations("devices");
  if (!telemetry?.quarantined) return null;
  return (
    <span className="w-full text-2xs text-fg-2">{t("rejectedCount", { count: telemetry.quarantined })}</span>
  );
}

/** Only a connected device has a lag: for another one, the last batch says nothing about now. */
function lagCell({ telemetry }: FleetDevice): ReactNode {
  if (telemetry?.lag_us == null || telemetry.online === false) return null;
  return <span className="tabular-nums">{lagText(telemetry.lag_us)}</span>;
}

function clockCell({ telemetry }: FleetDevice): ReactNode {
  if (telemetry?.clock_offset_us == null) return null;
  const text = clockText(telemetry.clock_offset_us);
  return <span className={telemetry.clock_suspect ? "text-warn" : undefined}>{text}</span>;
}

function mirrorCell({ mirror, isPlain }: FleetDevice): ReactNode {
  if (!mirror || isPlain || mirror.state === "unmanaged") return null;
  const { tone, label } = mirrorState(mirror);
  return <Badge tone={tone}>{label}</Badge>;
}
