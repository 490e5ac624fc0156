"use client";
// Whether series are on or off, and since when.
import clsx from "clsx";
import { StatusDot } from "@/components/badge";
import { Panel } from "@/components/panel";
import { StateBadge } from "@/components/state-badge";
import type { Series } from "@/contracts/http";
import { formatDuration } from "@/lib/texts/format";
import { freshnessOf } from "@/lib/readings/staleness";
import { useCoarseNow } from "../../feed-hooks";
import type { Feed } from "../../ports";
import type { PanelOf } from "../model";
import { useText } from "../text";
import { stateSince } from "./on-off";
import { MissingSeries } from "./panel-state";

type SwitchViewProps = {
  feed: Feed;
  series: readonly Series[];
  missing: number;
  panel: PanelOf<"switch">;
  title: string;
};

export function SwitchView({ feed, series, missing, panel, title }: SwitchViewProps) {
  const now = useCoarseNow(feed);
  return (
    <Panel title={title} testId={`panel-${panel.id}`} className="h-full">
      <MissingSeries count={missing} />
      <ul
        className="min-h-0 flex-1 overflow-y-auto px-4 pb-3 text-ui"
        // A list that scrolls must be reachable by keyboard.
        tabIndex={0}
        aria-label={title}
      >
        {series.map((one) => (
          <SwitchRow key={one.id} feed={feed} series={one} now={now} labels={panel.labels} />
        ))}
      </ul>
    </Panel>
  );
}

type SwitchRowProps = { feed: Feed; series: Series; now: number; labels: PanelOf<"switch">["labels"] };

function SwitchRow({ feed, series, now, labels }: SwitchRowProps) {
  const t = useText();
  const latest = feed.latest(series.id);
  const isOn = latest !== null && Number(latest.v) !== 0;
  const since = latest ? stateSince(feed.samples(series.id), isOn) : null;
  const freshness = freshnessOf(latest?.t ?? null, now, feed.interval(series.id));
  const isSuspect = freshness === "stale" || freshness === "ahead" || freshness === "none";
  const duration = since && formatDuration(now - since.t);
  return (
    <li
      data-testid={`switch-${series.name}`}
      data-value={latest ? JSON.stringify(latest.v) : undefined}
      className="flex min-h-9 flex-wrap items-center gap-x-2.5"
    >
      <StatusDot tone={isOn && !isSuspect ? "ok" : "neutral"} />
      <span className="min-w-0 flex-1 wrap-anywhere" title={series.name}>
        {series.display_name}
      </span>
      {latest && (
        <span className={clsx(isOn && !isSuspect ? "font-semibold" : "text-fg-2")}>
          {(isOn ? labels.on : labels.off) || t(isOn ? "on" : "off")}
        </span>
      )}
      <span className="min-w-20 text-right text-xs text-fg-3 tabular-nums">
        {isSuspect ? (
          <StateBadge freshness={freshness} ageUs={latest ? now - latest.t : 0} />
        ) : (
          duration && (since.isKnown ? duration : t("atLeast", { duration }))
        )}
      </span>
    </li>
  );
}
