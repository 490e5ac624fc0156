"use client";
// One device of the tree with its series. They load when the device is opened.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useId, useState } from "react";
import { seriesColor } from "@/charts/palette";
import { Button } from "@/components/button";
import type { Device, Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { shownUnit } from "@/lib/texts/units";
import { deviceSeriesQuery } from "../queries";
import type { Chosen } from "../question";

type DeviceBranchProps = {
  api: ApiClient;
  device: Device;
  /** The series that a search has found; null: there is no search. */
  found: readonly Series[] | null;
  chosen: readonly Chosen[];
  /** True when no more series can be chosen. */
  isFull: boolean;
  onToggle: (series: Series) => void;
};

const FIRST_ROWS = 12;
const MORE_ROWS = 100;
const DOTS = { true: "bg-ok-fill", false: "bg-crit-fill", null: "bg-fg-3" } as const;

export function DeviceBranch({ api, device, found, chosen, isFull, onToggle }: DeviceBranchProps) {
  const t = useTranslations("explore");
  const isChosen = chosen.some((one) => one.device === device.id);
  const [wish, setWish] = useState<{ isOpen: boolean; isSearch: boolean } | null>(null);
  const [most, setMost] = useState(FIRST_ROWS);
  const isSearch = found !== null;
  // What the user opened or closed counts until a search begins or ends.
  const isOpen = wish && wish.isSearch === isSearch ? wish.isOpen : isSearch || isChosen;
  const query = useQuery({ ...deviceSeriesQuery(api, device.id), enabled: isOpen && !isSearch });
  const series = found ?? query.data ?? [];
  const id = useId();
  const state = t(`state.${String(device.online) as "true" | "false" | "null"}`);
  return (
    <div data-testid={`branch-${device.id}`}>
      <button
        type="button"
        data-row
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setWish({ isOpen: !isOpen, isSearch })}
        className="flex min-h-7 w-full items-center gap-1.5 rounded-[5px] px-1 text-left text-ui hover:bg-surface-2"
      >
        {isOpen ? (
          <ChevronDown className="size-4 shrink-0 text-fg-3" aria-hidden />
        ) : (
          <ChevronRight className="size-4 shrink-0 text-fg-3" aria-hidden />
        )}
        <span
          className={clsx(
            "keep-color size-1.5 shrink-0 rounded-full",
            DOTS[String(device.online) as keyof typeof DOTS],
          )}
          title={state}
        />
        <span className={clsx("min-w-0 flex-1 wrap-anywhere", isOpen && "font-medium")}>{device.name}</span>
        <span className="sr-only">{state}</span>
        <span className="shrink-0 text-xs text-fg-2 tabular-nums">
          {found ? found.length : device.series_count}
        </span>
      </button>
      {isOpen && (
        <div id={id} className="pb-1">
          {!found && query.isPending && (
            <div className="skeleton mx-2 my-1.5 h-4" role="status" aria-label={t("tree.loading")} />
          )}
          {!found && query.error && !query.data && (
            <div role="alert" className="space-y-1 py-1 pl-8 text-xs">
              <p className="text-crit">{explain(query.error)}</p>
              <Button className="h-7" onClick={() => void query.refetch()}>
                {t("retry")}
              </Button>
            </div>
          )}
          {!found && query.data?.length === 0 && (
            <p className="py-1 pl-8 text-xs text-fg-2">{t("tree.noSeries")}</p>
          )}
          {series.slice(0, most).map((one) => (
            <SeriesRow
              key={one.id}
              series={one}
              color={chosen.findIndex(({ id: other }) => other === one.id)}
              isFull={isFull}
              onToggle={onToggle}
            />
          ))}
          {series.length > most && (
            <button
              type="button"
              data-row
              onClick={() => setMost(most + MORE_ROWS)}
              className="min-h-6 rounded-[5px] px-2 pl-8 text-left text-xs text-accent hover:underline"
            >
              {t("tree.more", { count: series.length - most })}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

const TICK =
  "keep-color size-4 shrink-0 appearance-none rounded border border-border-strong bg-surface bg-center bg-no-repeat checked:bg-(image:--tick) disabled:opacity-50";

type SeriesRowProps = {
  series: Series;
  /** Its number in the palette; -1: it is not chosen. */
  color: number;
  isFull: boolean;
  onToggle: (series: Series) => void;
};

function SeriesRow({ series, color, isFull, onToggle }: SeriesRowProps) {
  const t = useTranslations("explore");
  const isChosen = color >= 0;
  return (
    <label
      className={clsx(
        "flex min-h-7 cursor-pointer items-center gap-2 rounded-[5px] pr-1 pl-7 text-ui",
        isChosen ? "bg-[light-dark(#f4f6fe,#141c30)]" : "hover:bg-surface-2",
      )}
    >
      <input
        type="checkbox"
        data-row
        className={TICK}
        style={
          isChosen
            ? {
                background: `${seriesColor(color)} var(--tick) center no-repeat`,
                borderColor: seriesColor(color),
              }
            : undefined
        }
        checked={isChosen}
        disabled={!isChosen && isFull}
        data-testid={`series-${series.name}`}
        onChange={() => onToggle(series)}
      />
      <span className="min-w-0 flex-1 wrap-anywhere">{series.display_name}</span>
      <span className="shrink-0 text-2xs text-fg-2">
        {series.type === "bool" ? t("onOff") : shownUnit(series.unit)}
      </span>
    </label>
  );
}
