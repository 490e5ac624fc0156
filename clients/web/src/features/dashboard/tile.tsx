"use client";
// The latest value of one series, with its age and its recent course.
import clsx from "clsx";
import { memo } from "react";
import { Badge } from "@/components/badge";
import type { Series } from "@/contracts/http";
import { formatAge, formatBrief, formatDuration, formatValue, spoken } from "./format";
import { useCoarseNow, useTick } from "./feed-hooks";
import type { Feed } from "./ports";
import { sparkPath } from "./spark-path";
import { Sparkline } from "./sparkline";
import { isStale } from "./staleness";

type TileProps = { feed: Feed; series: Series; color: string; sparkUs: number };

const WIDTH = 200;
const HEIGHT = 36;

export function Tile({ feed, series, color, sparkUs }: TileProps) {
  const { shownUs } = useTick(feed);
  const latest = feed.latest(series.id);
  const ageUs = latest ? Math.max(0, shownUs - latest.t) : 0;
  const stale = latest !== null && isStale(ageUs, series.interval_us);
  const value = latest?.v ?? null;
  const shown = formatBrief(value, series);
  const inFull = spoken(formatValue(value, series));
  const age = stale ? `stale ${formatDuration(ageUs)}` : formatAge(ageUs);
  return (
    <article
      aria-label={latest ? `${series.display_name} ${inFull}, ${age}` : `${series.display_name}, no data yet`}
      data-testid={`tile-${series.name}`}
      data-value={latest ? JSON.stringify(latest.v) : undefined}
      data-t={latest?.t}
      data-stale={stale}
      className="relative flex h-[104px] min-w-0 flex-col overflow-hidden rounded-[10px] border bg-surface"
    >
      <div className="px-4 pt-3">
        <div className="flex items-center gap-2">
          <h3 className="truncate text-ui text-fg-2" title={series.name}>
            {series.display_name}
          </h3>
          <span className="ml-auto shrink-0 text-2xs whitespace-nowrap text-fg-3 tabular-nums">
            {latest === null && "No data yet"}
            {latest !== null && !stale && age}
            {stale && <Badge tone="warn">Stale {formatDuration(ageUs)}</Badge>}
          </span>
        </div>
        <p className="flex items-baseline gap-1.5 whitespace-nowrap" title={inFull}>
          <span
            className={clsx(
              "text-[26px] leading-8 font-semibold tracking-[-0.025em] tabular-nums",
              stale && "text-fg-3",
            )}
          >
            {shown.text}
          </span>
          <span className="text-ui text-fg-3">{shown.unit}</span>
        </p>
      </div>
      <TileSpark feed={feed} series={series} color={stale ? "var(--fg-3)" : color} sparkUs={sparkUs} />
    </article>
  );
}

const TileSpark = memo(function TileSpark({ feed, series, color, sparkUs }: TileProps) {
  const to = useCoarseNow(feed);
  const window = { from: to - sparkUs, to };
  const path = sparkPath(feed.samples(series.id), feed.gapTest(series.id), window, WIDTH, HEIGHT);
  return (
    <Sparkline
      path={path}
      width={WIDTH}
      height={HEIGHT}
      color={color}
      filled
      className="absolute inset-x-0 bottom-0 h-9 w-full"
    />
  );
});
