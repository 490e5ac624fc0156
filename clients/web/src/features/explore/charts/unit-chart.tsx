"use client";
// React's side of one chart: it makes it, passes the content on, and follows size and theme.
import { useEffect, useEffectEvent, useRef } from "react";
import { RangeChart, type RangeChartContent } from "@/charts/range/range-chart";
import type { TimeSpan } from "@/charts/types";
import { watchHost } from "@/charts/use-time-chart";

type UnitChartProps = {
  content: RangeChartContent;
  label: string;
  onZoom: (span: TimeSpan) => void;
  onBack: () => void;
  /** The rows of the tooltip for a time in the range. `reach`: how far a reading may be from it. */
  rowsAt: (at: number, reach: number) => HTMLElement[];
};

// The tooltip names the nearest readings, but none farther from the crosshair than this.
const REACH_PIXELS = 24;
const DISTANCE_PIXELS = 14;

export function UnitChart({ content, label, onZoom, onBack, rowsAt }: UnitChartProps) {
  const hostRef = useRef<HTMLDivElement>(null);
  const tooltipRef = useRef<HTMLDivElement>(null);
  const chartRef = useRef<RangeChart | null>(null);
  const zoom = useEffectEvent(onZoom);
  const back = useEffectEvent(onBack);
  const point = useEffectEvent((at: number | null, left: number) => {
    const [host, box] = [hostRef.current, tooltipRef.current];
    if (!host || !box) return;
    const { from, to } = content.window;
    const rows = at === null ? [] : rowsAt(at, ((to - from) / Math.max(1, host.clientWidth)) * REACH_PIXELS);
    box.hidden = rows.length === 0;
    if (box.hidden) return;
    box.replaceChildren(...rows);
    const fits = left + DISTANCE_PIXELS + box.offsetWidth <= host.clientWidth;
    box.style.left = `${Math.max(0, fits ? left + DISTANCE_PIXELS : left - DISTANCE_PIXELS - box.offsetWidth)}px`;
  });
  const show = useEffectEvent(() => chartRef.current?.show(content));

  useEffect(() => {
    const host = hostRef.current;
    if (!host) return;
    const chart = new RangeChart({
      host,
      onPoint: (at, left) => point(at, left),
      onZoom: (span) => zoom(span),
      onBack: () => back(),
    });
    chartRef.current = chart;
    show();
    const stop = watchHost(host, {
      resized: () => chart.resize(),
      restyled: () => chart.restyle(),
      seen: () => undefined,
    });
    return () => {
      stop();
      chart.destroy();
      chartRef.current = null;
    };
  }, []);

  useEffect(() => {
    chartRef.current?.show(content);
  }, [content]);

  return (
    <div className="absolute inset-x-2 inset-y-0">
      <div ref={hostRef} role="img" aria-label={label} className="keep-color absolute inset-0" />
      <div
        ref={tooltipRef}
        hidden
        data-testid="tooltip"
        className="pointer-events-none absolute top-8 z-10 max-w-80 min-w-48 rounded-[7px] border bg-surface px-3 py-2 shadow-pop"
      />
    </div>
  );
}
