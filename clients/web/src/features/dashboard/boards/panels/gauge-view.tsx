"use client";
// A value between two ends, with the zones of its limits.
import clsx from "clsx";
import { Panel } from "@/components/panel";
import { StateBadge } from "@/components/state-badge";
import type { Series } from "@/contracts/http";
import { formatFull, formatValue, valueText } from "@/lib/texts/format";
import { freshnessOf } from "@/lib/readings/staleness";
import { useTick } from "../../feed-hooks";
import type { Feed } from "../../ports";
import { displayed, severityOf, shownValue } from "../../series/shown-value";
import type { Limit, PanelOf } from "../model";
import { useText } from "../text";
import { arc, pointOn, shareOf } from "./gauge-path";

type GaugeViewProps = { feed: Feed; series: Series; panel: PanelOf<"gauge">; title: string };

const [X, Y, RADIUS, ZONE] = [100, 96, 74, 87];
const FILLS = { warning: "var(--warn-fill)", critical: "var(--crit-fill)" } as const;
const TEXTS = { warning: "text-warn", critical: "text-crit" } as const;

export function GaugeView({ feed, series, panel, title }: GaugeViewProps) {
  const t = useText();
  const { shownUs } = useTick(feed);
  const latest = feed.latest(series.id);
  const value = latest?.v ?? null;
  const limits = panel.limits.length > 0 ? panel.limits : series.limits;
  const freshness = freshnessOf(latest?.t ?? null, shownUs, feed.interval(series.id));
  const isSuspect = freshness === "stale" || freshness === "ahead";
  const severity = isSuspect ? null : severityOf(value, limits);
  const shown = shownValue(value, series, 0, panel);
  const { min, max } = panel;
  const share = typeof value === "number" ? shareOf(value, min, max) : 0;
  const { unit } = displayed(series, panel);
  const ends = [min, max].map((end) => formatValue(end, { type: "float", unit }).text);
  const [left, right] = [pointOn(X, Y, RADIUS, 0), pointOn(X, Y, RADIUS, 1)];
  return (
    <Panel title={title} testId={`panel-${panel.id}`} className="h-full">
      <div
        className="relative flex min-h-0 flex-1 items-center px-2 pb-2"
        data-testid={`gauge-${series.name}`}
        data-value={latest ? JSON.stringify(latest.v) : undefined}
        data-freshness={freshness}
      >
        <svg
          viewBox="0 0 200 158"
          role="img"
          aria-label={t("gaugeLabel", { value: valueText(shown), min: ends[0]!, max: ends[1]! })}
          className="keep-color mx-auto block size-full max-h-64"
        >
          <title>{formatFull(value, displayed(series, panel))}</title>
          <g fill="none" strokeLinecap="round">
            <path d={arc(X, Y, RADIUS, 0, 1)} style={{ stroke: "var(--surface-3)" }} strokeWidth={11} />
            <path
              d={arc(X, Y, RADIUS, 0, share)}
              style={{ stroke: isSuspect ? "var(--fg-3)" : severity ? FILLS[severity] : "var(--series-2)" }}
              strokeWidth={11}
            />
            {limits.map((limit, index) => (
              <path
                key={index}
                d={arc(X, Y, ZONE, ...zoneOf(limit, panel))}
                style={{ stroke: FILLS[limit.severity] }}
                strokeWidth={3}
              />
            ))}
          </g>
          <g className="fill-fg-3 text-[10px]" textAnchor="middle">
            <text x={left[0]} y={left[1] + 20}>
              {ends[0]}
            </text>
            <text x={right[0]} y={right[1] + 20}>
              {ends[1]}
            </text>
          </g>
          <g textAnchor="middle" aria-hidden>
            <text
              x={X}
              y={Y + 6}
              className={clsx(
                "fill-current text-[24px] font-semibold tracking-[-0.025em] tabular-nums",
                isSuspect ? "text-fg-3" : severity ? TEXTS[severity] : "text-fg",
              )}
              textLength={shown.text.length > 8 ? 110 : undefined}
            >
              {shown.text}
            </text>
            <text x={X} y={Y + 24} className="fill-fg-2 text-[12px]">
              {shown.unit}
            </text>
          </g>
        </svg>
        {isSuspect && (
          <span className="absolute top-0 right-3">
            <StateBadge freshness={freshness} ageUs={latest ? shownUs - latest.t : 0} />
          </span>
        )}
        {!latest && (
          <p className="absolute inset-x-0 bottom-1 text-center text-2xs text-fg-3">{t("noDataYet")}</p>
        )}
      </div>
    </Panel>
  );
}

/** The part of the gauge that lies beyond a limit. A worse limit of the same side is drawn over it. */
function zoneOf({ direction, value }: Limit, { min, max }: PanelOf<"gauge">): [from: number, to: number] {
  const share = shareOf(value, min, max);
  return direction === "above" ? [share, 1] : [0, share];
}
