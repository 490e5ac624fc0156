"use client";
// The series of a device: the last hour, the newest value, and its name for the screen.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/texts/page-locale";
import type { UseQueryResult } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { sparkPath } from "@/charts/sparkline/spark-path";
import { Sparkline } from "@/charts/sparkline/sparkline";
import { Button } from "@/components/button";
import { SearchField } from "@/components/form/search-field";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { StateBadge } from "@/components/state-badge";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { formatBrief, formatDuration, formatFull } from "@/lib/texts/format";
import type { Can } from "@/lib/permissions";
import { freshnessOf } from "@/lib/readings/staleness";
import { useCoarseNow, type Readings } from "./readings";
import { SeriesDisplayDialog } from "./series-display-dialog";

type SeriesPanelProps = {
  api: ApiClient;
  can: Can;
  device: string;
  query: UseQueryResult<Series[]>;
  readings: Readings;
};

const HOUR_US = 3_600_000_000;
const MOST = 100;
const WIDTH = 100;
const HEIGHT = 22;

export function SeriesPanel({ api, can, device, query, readings }: SeriesPanelProps) {
  const t = useTranslations("devices");
  const [search, setSearch] = useState("");
  const [editing, setEditing] = useState<Series | null>(null);
  return (
    <Panel
      title={t("series")}
      meta={query.data ? t("countLastHour", { count: query.data.length }) : undefined}
      testId="panel-series"
      actions={
        <Link
          href={`/dashboard?device=${encodeURIComponent(device)}`}
          className="inline-flex h-8 items-center rounded-[7px] border px-3 text-ui font-medium hover:bg-surface-2"
        >
          {t("openOnTheDashboard")}
        </Link>
      }
    >
      <PanelContent query={query} skeletonHeight="12rem">
        {(series) => {
          const found = matching(series, search);
          return series.length === 0 ? (
            <p className="px-4 pt-1 pb-4 text-ui text-fg-2">{t("thisDeviceHasDeclaredNo")}</p>
          ) : (
            <>
              {series.length > 10 && (
                <div className="flex border-t p-3">
                  <SearchField label={t("searchSeries")} value={search} onSearch={setSearch} />
                </div>
              )}
              <ul className="divide-y border-t" aria-label={t("series")}>
                {found.slice(0, MOST).map((one) => (
                  <SeriesRow
                    key={one.id}
                    series={one}
                    readings={readings}
                    onEdit={can("telemetry.manage") ? () => setEditing(one) : null}
                  />
                ))}
              </ul>
              {found.length === 0 && (
                <p className="border-t px-4 py-3 text-ui text-fg-2">{t("noSeriesMatches")}</p>
              )}
              {found.length > MOST && (
                <p className="border-t px-4 py-2 text-xs text-fg-2">
                  {t("firstShown", { most: MOST, count: found.length })}
                </p>
              )}
            </>
          );
        }}
      </PanelContent>
      {editing && (
        <SeriesDisplayDialog
          api={api}
          series={editing}
          onSaved={() => void query.refetch()}
          onClose={() => setEditing(null)}
        />
      )}
    </Panel>
  );
}

function matching(series: readonly Series[], search: string): readonly Series[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return series.filter(({ name, display_name }) => {
    const text = `${name}\n${display_name}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

type SeriesRowProps = { series: Series; readings: Readings; onEdit: (() => void) | null };

function SeriesRow({ series, readings, onEdit }: SeriesRowProps) {
  const t = useTranslations("devices");
  const to = useCoarseNow(readings);
  const latest = readings.latest(series.id) ?? series.latest;
  const window = { from: to - HOUR_US, to };
  const path = sparkPath(readings.samples(series.id), readings.gapTest(series.id), window, WIDTH, HEIGHT);
  const shown = formatBrief(latest?.v ?? null, series, path.span);
  const interval = readings.interval(series.id) ?? series.interval_us;
  return (
    <li
      data-testid={`series-${series.name}`}
      className="grid grid-cols-[minmax(0,1fr)_auto_auto] items-center gap-x-3 gap-y-1 px-4 py-1.5 text-ui md:grid-cols-[minmax(0,1fr)_6.5rem_7.5rem_5rem_7rem_2rem]"
    >
      <span className="min-w-0">
        <span dir="auto" className="block font-medium wrap-anywhere">
          {series.display_name}
        </span>
        <span className="block font-mono text-2xs text-fg-2 wrap-anywhere">{series.name}</span>
      </span>
      <Sparkline
        path={path}
        width={WIDTH}
        height={HEIGHT}
        color="var(--fg-3)"
        className="hidden h-[22px] w-full md:block"
      />
      <span className="text-right tabular-nums" title={formatFull(latest?.v ?? null, series)}>
        <span className="font-semibold">{shown.text}</span>{" "}
        <span className="text-xs text-fg-2">{shown.unit}</span>
      </span>
      <span
        className="hidden text-xs whitespace-nowrap text-fg-2 md:block"
        title={t("usualIntervalBetweenReadings")}
      >
        {interval === null ? "–" : intervalText(interval)}
      </span>
      <span className="order-1 md:order-none">
        <StateBadge freshness={freshnessOf(latest?.t ?? null, to, interval)} ageUs={to - (latest?.t ?? 0)} />
      </span>
      {onEdit ? (
        <Button
          tone="ghost"
          size="icon"
          aria-label={t("display.edit", { name: series.display_name })}
          onClick={onEdit}
        >
          <Pencil className="size-3.5" aria-hidden />
        </Button>
      ) : (
        <span />
      )}
    </li>
  );
}

function intervalText(us: number): string {
  if (us < 1_000_000) return `${Math.round(us / 1_000)} ms`;
  return us < 60_000_000
    ? `${Number((us / 1_000_000).toFixed(1)).toLocaleString(numberLocale())} s`
    : formatDuration(us);
}
