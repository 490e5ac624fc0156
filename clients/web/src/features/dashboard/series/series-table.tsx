"use client";
// The list of all series of the device: sparkline, latest value, state.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import type { ReactNode } from "react";
import { Panel } from "@/components/panel";
import type { Series } from "@/contracts/http";
import { useCoarseNow } from "../feed-hooks";
import { formatFull } from "@/lib/texts/format";
import type { Feed } from "../ports";
import { sparkPath } from "@/charts/sparkline/spark-path";
import { Sparkline } from "@/charts/sparkline/sparkline";
import { StateBadge } from "@/components/state-badge";
import { freshnessOf } from "@/lib/readings/staleness";
import { shownValue } from "./shown-value";

type SeriesTableProps = {
  feed: Feed;
  series: readonly Series[];
  sparkUs: number;
  title?: string;
  testId?: string;
  /** Exactly this many decimals; null: as many as fit. */
  decimals?: number | null;
  notice?: ReactNode;
  /** True when the table fills its panel. Otherwise it has a height of its own. */
  isFilling?: boolean;
};

const WIDTH = 90;
const HEIGHT = 20;
const COLUMNS = ["name", "trend", "latest", "state"] as const;

export function SeriesTable({
  feed,
  series,
  sparkUs,
  title,
  testId = "series-table",
  decimals = null,
  notice,
  isFilling = false,
}: SeriesTableProps) {
  const t = useTranslations("dashboard");
  const to = useCoarseNow(feed);
  const window = { from: to - sparkUs, to };
  return (
    <Panel title={title ?? t("series")} meta={String(series.length)} testId={testId} className="h-full">
      {notice}
      <div
        className={clsx(
          "@container overflow-y-auto border-t",
          isFilling ? "min-h-0 flex-1" : "max-h-[27rem]",
        )}
        tabIndex={0}
        role="region"
        aria-label={t("listOfSeries")}
      >
        {/* One line per series, or two on a narrow screen. `display: grid` removes the table roles, so they are set again. */}
        <table role="table" className="block text-ui">
          <thead role="rowgroup" className="sr-only">
            <tr role="row">
              {COLUMNS.map((column) => (
                <th key={column} role="columnheader" scope="col">
                  {t(`columns.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup" className="block">
            {series.map((one) => (
              <SeriesRow key={one.id} feed={feed} series={one} window={window} decimals={decimals} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

type SeriesRowProps = {
  feed: Feed;
  series: Series;
  window: { from: number; to: number };
  decimals: number | null;
};

function SeriesRow({ feed, series, window, decimals }: SeriesRowProps) {
  const latest = feed.latest(series.id);
  const value = latest?.v ?? null;
  const path = sparkPath(feed.samples(series.id), feed.gapTest(series.id), window, WIDTH, HEIGHT);
  const shown = shownValue(value, series, path.span, { unit: null, decimals });
  return (
    <tr
      role="row"
      data-testid={`row-${series.name}`}
      className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 border-b px-4 py-1.5 last:border-b-0 @md:grid-cols-[minmax(0,1fr)_5.5rem_8rem_7rem]"
    >
      <th role="rowheader" scope="row" className="text-left font-normal wrap-anywhere" title={series.name}>
        {series.display_name}
      </th>
      <td role="cell" className="order-1 @md:order-none">
        <Sparkline
          path={path}
          width={WIDTH}
          height={HEIGHT}
          color="var(--fg-3)"
          className="block h-5 w-full max-w-28"
        />
      </td>
      <td role="cell" className="text-right tabular-nums" title={formatFull(value, series)}>
        {shown.text} <span className="text-xs text-fg-3">{shown.unit}</span>
      </td>
      <td role="cell" className="order-1 text-right @md:order-none">
        <StateBadge
          freshness={freshnessOf(latest?.t ?? null, window.to, feed.interval(series.id))}
          ageUs={window.to - (latest?.t ?? 0)}
        />
      </td>
    </tr>
  );
}
