"use client";
// The latest value of one series, with its age and a sparkline.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import clsx from "clsx";
import { useMemo } from "react";
import type { Series } from "@/contracts/http";
import { formatAge, formatDuration, formatFull, valueText } from "@/lib/texts/format";
import { useCoarseNow, useTick } from "../feed-hooks";
import type { Feed } from "../ports";
import { sparkPath } from "@/charts/sparkline/spark-path";
import { Sparkline } from "@/charts/sparkline/sparkline";
import { StateBadge } from "@/components/state-badge";
import { freshnessOf, type Freshness } from "@/lib/readings/staleness";

import {
  AS_THE_SERIES,
  displayed,
  severityOf,
  shownValue,
  type Display,
  type ValueLimit,
} from "./shown-value";

type TileProps = {
  feed: Feed;
  series: Series;
  color: string;
  sparkUs: number;
  /** Absent: the name of the series. */
  title?: string;
  display?: Display;
  /** The value has the colour of the worst limit that it has reached. */
  limits?: readonly ValueLimit[];
  hasSparkline?: boolean;
  className?: string;
};

const SEVERITIES = {
  warning: { text: "text-warn", color: "var(--warn)" },
  critical: { text: "text-crit", color: "var(--crit)" },
} as const;

const WIDTH = 200;
const HEIGHT = 36;
// Longer text gets a smaller font, so that it fits on one line.
const LONG_TEXT = 8;

export function Tile({
  feed,
  series,
  color,
  sparkUs,
  title = series.display_name,
  display = AS_THE_SERIES,
  limits = series.limits,
  hasSparkline = true,
  className,
}: TileProps) {
  const t = useTranslations("dashboard");
  const { shownUs } = useTick(feed);
  const to = useCoarseNow(feed);
  // The line changes twice a second. The age changes more often.
  const path = useMemo(
    () =>
      sparkPath(feed.samples(series.id), feed.gapTest(series.id), { from: to - sparkUs, to }, WIDTH, HEIGHT),
    [feed, series.id, to, sparkUs],
  );
  const latest = feed.latest(series.id);
  const ageUs = latest ? shownUs - latest.t : 0;
  const freshness = freshnessOf(latest?.t ?? null, shownUs, feed.interval(series.id));
  const value = latest?.v ?? null;
  const shown = shownValue(value, series, path.span, display);
  const isSuspect = freshness === "stale" || freshness === "ahead";
  const severity = isSuspect ? null : severityOf(value, limits);
  return (
    <article
      aria-label={`${title}${latest ? ` ${valueText(shown)}` : ""}, ${ageText(freshness, ageUs)}${severity ? `, ${t(`severities.${severity}`)}` : ""}`}
      data-testid={`tile-${series.name}`}
      data-value={latest ? JSON.stringify(latest.v) : undefined}
      data-t={latest?.t}
      data-stale={freshness === "stale"}
      data-freshness={freshness}
      data-severity={severity ?? undefined}
      className={clsx(
        "relative flex min-w-0 flex-col overflow-hidden rounded-[10px] border bg-surface",
        className ?? "min-h-[104px]",
      )}
    >
      <div
        className={clsx("px-4", className ? "pt-2" : "pt-3", hasSparkline && !className ? "pb-9" : "pb-3")}
      >
        <h3 className="text-ui wrap-anywhere text-fg-2" title={series.name}>
          {title}
          {severity && (
            <span
              aria-hidden
              className={clsx(
                "keep-color ml-1.5 inline-block size-1.5 rounded-full bg-current align-middle",
                SEVERITIES[severity].text,
              )}
            />
          )}
        </h3>
        <div className="flex flex-wrap items-baseline gap-x-1.5">
          <p
            className="flex flex-wrap items-baseline gap-x-1.5"
            title={formatFull(value, displayed(series, display))}
          >
            <span
              className={clsx(
                "leading-8 font-semibold tracking-[-0.025em] whitespace-nowrap tabular-nums",
                shown.text.length > LONG_TEXT ? "text-[20px]" : "text-[26px]",
                isSuspect && "text-fg-3",
                severity && SEVERITIES[severity].text,
              )}
            >
              {shown.text}
            </span>
            <span className="text-ui wrap-anywhere text-fg-3">{shown.unit}</span>
          </p>
          <span className="ml-auto text-2xs whitespace-nowrap text-fg-3 tabular-nums">
            {isSuspect ? (
              <StateBadge freshness={freshness} ageUs={ageUs} />
            ) : latest ? (
              formatAge(ageUs)
            ) : (
              t("noDataYet")
            )}
          </span>
        </div>
      </div>
      {hasSparkline && (
        <Sparkline
          path={path}
          width={WIDTH}
          height={HEIGHT}
          color={isSuspect ? "var(--fg-3)" : severity ? SEVERITIES[severity].color : color}
          filled
          // In a panel of any size, the line fills what is below the value.
          className={clsx(
            "absolute inset-x-0 bottom-0 w-full",
            className ? "h-[max(1.5rem,100%-4.25rem)]" : "h-9",
          )}
        />
      )}
    </article>
  );
}

function ageText(freshness: Freshness, ageUs: number): string {
  const t = pageTexts("dashboard.age");
  if (freshness === "none") return t("none");
  if (freshness === "stale") return t("stale", { duration: formatDuration(ageUs) });
  if (freshness === "ahead") return t("ahead", { duration: formatDuration(-ageUs) });
  return formatAge(ageUs);
}
