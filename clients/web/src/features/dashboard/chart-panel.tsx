"use client";
// A group of series as one chart with its legend. React makes the frame; the chart draws itself through the scheduler.
import clsx from "clsx";
import { useEffect, useRef, useState } from "react";
import { Panel } from "@/components/panel";
import { ChartKey, NO_MARKS } from "./chart-key";
import { drawInterval, type DrawScheduler } from "./draw-scheduler";
import { useHistoryState, useCoarseNow } from "./feed-hooks";
import { formatDuration } from "./format";
import type { Group } from "./groups";
import { LegendTable } from "./legend-table";
import type { Feed } from "./ports";
import { statsIn } from "./stats";
import { TimeChart } from "./time-chart";

type ChartPanelProps = {
  feed: Feed;
  group: Group;
  rangeUs: number;
  scheduler: DrawScheduler;
  isLarge: boolean;
};

export function ChartPanel({ feed, group, rangeUs, scheduler, isLarge }: ChartPanelProps) {
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [marks, setMarks] = useState(NO_MARKS);
  const hostRef = useRef<HTMLDivElement>(null);
  const tooltipRef = useRef<HTMLDivElement>(null);
  const chartRef = useRef<TimeChart | null>(null);

  useEffect(() => {
    const host = hostRef.current;
    const tooltip = tooltipRef.current;
    if (!host || !tooltip) return;
    const chart = new TimeChart({ host, tooltip, group, onMarks: setMarks });
    chartRef.current = chart;
    let drawn = "";
    let isVisible = true;
    const drawable = {
      everyMs: () => drawInterval(rangeUs, chart.width),
      isVisible: () => isVisible,
      draw: () => {
        const to = feed.view.shownUs();
        const key = `${feed.revision}:${to}:${chart.width}`;
        if (key === drawn) return;
        drawn = key;
        chart.draw(feed, { from: to - rangeUs, to });
      },
    };
    const remove = scheduler.add(drawable);
    const redraw = () => {
      drawn = "";
      scheduler.hurry(drawable);
    };
    const size = new ResizeObserver(() => {
      chart.resize();
      redraw();
    });
    size.observe(host);
    const onSight = (entries: IntersectionObserverEntry[]) => {
      isVisible = entries.at(-1)?.isIntersecting ?? true;
      if (isVisible) redraw();
    };
    // A little ahead of the scroll, so that no chart comes into sight empty.
    const sight = new IntersectionObserver(onSight, { rootMargin: "150% 0px" });
    sight.observe(host);
    const restyle = () => {
      chart.restyle();
      redraw();
    };
    const theme = new MutationObserver(restyle);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", restyle);
    const forced = matchMedia("(forced-colors: active)");
    forced.addEventListener("change", restyle);
    return () => {
      remove();
      size.disconnect();
      sight.disconnect();
      theme.disconnect();
      system.removeEventListener("change", restyle);
      forced.removeEventListener("change", restyle);
      chart.destroy();
      chartRef.current = null;
    };
  }, [feed, scheduler, group, rangeUs]);

  useEffect(() => {
    chartRef.current?.setHidden(hidden);
  }, [hidden, group, rangeUs]);

  const solo = (id: number) => {
    const others = group.series.map((one) => one.id).filter((one) => one !== id);
    const isSolo = !hidden.has(id) && others.every((one) => hidden.has(one));
    setHidden(new Set(isSolo ? [] : others));
  };
  const toggle = (id: number) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next.size === group.series.length ? new Set() : next);
  };

  const count = group.series.length;
  return (
    <Panel
      title={group.title}
      meta={[group.title.endsWith(`, ${group.unit}`) ? "" : group.unit, count > 1 ? `${count} series` : ""]
        .filter(Boolean)
        .join(" · ")}
      testId={`chart-${group.key}`}
      actions={<ChartKey {...marks} />}
      className="h-full"
    >
      {/* Fills what the row leaves; on a phone two charts and a half fit the screen. */}
      <div className={clsx("relative flex-auto", isLarge ? "h-60 sm:h-72 xl:h-auto xl:min-h-72" : "h-52")}>
        <div
          ref={hostRef}
          role="img"
          aria-label={`Line chart of ${group.series.map((one) => one.display_name).join(", ")}. The figures are in the table below.`}
          className="keep-color absolute inset-x-2 inset-y-0"
        />
        <ChartOverlay feed={feed} group={group} rangeUs={rangeUs} />
        <div
          ref={tooltipRef}
          hidden
          className="pointer-events-none absolute top-2 z-10 max-w-72 min-w-40 rounded-[7px] border bg-surface px-3 py-2 shadow-pop"
        />
      </div>
      <div className="px-3 pt-1 pb-3">
        <LegendTable
          feed={feed}
          group={group}
          rangeUs={rangeUs}
          hidden={hidden}
          onSolo={solo}
          onToggle={toggle}
        />
      </div>
    </Panel>
  );
}

/** What lies over an empty chart: loading, or that there is nothing in this range. */
function ChartOverlay({ feed, group, rangeUs }: { feed: Feed; group: Group; rangeUs: number }) {
  const history = useHistoryState(feed);
  const to = useCoarseNow(feed) + 1_000_000;
  const window = { from: to - rangeUs, to };
  const hasData = group.series.some(({ id }) => statsIn(feed.samples(id), feed.gapTest(id), window) !== null);
  if (hasData) return null;
  return (
    <div className="pointer-events-none absolute inset-0 flex items-center justify-center">
      {history.status === "loading" || history.status === "idle" ? (
        <div className="skeleton h-[70%] w-[88%]" />
      ) : (
        <p className="rounded-[7px] bg-surface px-3 py-1.5 text-ui text-fg-2">
          {history.status === "ready"
            ? `No readings in the last ${formatDuration(rangeUs)}`
            : "The history could not be loaded"}
        </p>
      )}
    </div>
  );
}
