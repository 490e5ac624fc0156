// React's side of a chart: makes it, removes it, and redraws it when its size, its theme or its visibility changes.
import { useEffect, useRef, useState, type RefObject } from "react";
import { drawInterval, type DrawScheduler } from "./drawing/draw-scheduler";
import { NO_MARKS, type Marks } from "./marks/chart-key";
import { TimeChart } from "./time-chart";
import type { ChartSource, Limit, SeriesGroup } from "./types";

type UseTimeChartSettings = {
  source: ChartSource;
  group: SeriesGroup;
  rangeUs: number;
  scheduler: DrawScheduler;
  hidden: ReadonlySet<number>;
  /** Keep the same list while nothing changes: a new one draws the chart again. */
  limits?: readonly Limit[];
};

const NO_LIMITS: readonly Limit[] = [];

type TimeChartView = {
  hostRef: RefObject<HTMLDivElement | null>;
  tooltipRef: RefObject<HTMLDivElement | null>;
  /** The marks in view. React renders only when they change, never per reading. */
  marks: Marks;
};

/** A chart in the element of `hostRef`, with its tooltip in the element of `tooltipRef`. */
export function useTimeChart({
  source,
  group,
  rangeUs,
  scheduler,
  hidden,
  limits = NO_LIMITS,
}: UseTimeChartSettings): TimeChartView {
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
        const to = source.view.shownUs();
        const key = `${source.revision}:${to}:${chart.width}`;
        if (key === drawn) return;
        drawn = key;
        chart.draw(source, { from: to - rangeUs, to });
      },
    };
    const remove = scheduler.add(drawable);
    const redraw = () => {
      drawn = "";
      scheduler.hurry(drawable);
    };
    const stopWatching = watchHost(host, {
      resized: () => {
        chart.resize();
        redraw();
      },
      restyled: () => {
        chart.restyle();
        redraw();
      },
      seen: (isSeen) => {
        isVisible = isSeen;
        if (isSeen) redraw();
      },
    });
    return () => {
      remove();
      stopWatching();
      chart.destroy();
      chartRef.current = null;
    };
  }, [source, scheduler, group, rangeUs]);

  useEffect(() => {
    chartRef.current?.setHidden(hidden);
  }, [hidden, group, rangeUs]);

  useEffect(() => {
    chartRef.current?.setLimits(limits);
  }, [limits, group, rangeUs, source, scheduler]);

  return { hostRef, tooltipRef, marks };
}

type HostEvents = { resized: () => void; restyled: () => void; seen: (isSeen: boolean) => void };

/** Reports changes of size, theme and visibility of `host`. Returns a function that stops it. */
function watchHost(host: HTMLElement, on: HostEvents): () => void {
  const size = new ResizeObserver(on.resized);
  size.observe(host);
  // The margin lets a chart draw before it scrolls into view.
  const sight = new IntersectionObserver((entries) => on.seen(entries.at(-1)?.isIntersecting ?? true), {
    rootMargin: "150% 0px",
  });
  sight.observe(host);
  const theme = new MutationObserver(on.restyled);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) =>
    matchMedia(query),
  );
  for (const query of queries) query.addEventListener("change", on.restyled);
  return () => {
    size.disconnect();
    sight.disconnect();
    theme.disconnect();
    for (const query of queries) query.removeEventListener("change", on.restyled);
  };
}
