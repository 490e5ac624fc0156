"use client";
// The table below the charts: minimum, mean, maximum and last of each series, and the same of the earlier range.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { X } from "lucide-react";
import { seriesColor } from "@/charts/palette";
import { formatBrief, formatFull } from "@/lib/texts/format";
import { convertedDecimals, pageConversion, shownUnit } from "@/lib/texts/units";
import type { Series } from "@/contracts/http";
import type { Figures } from "./lines";
import type { Comparison } from "./question";
import type { ChosenSeries } from "./use-chosen";

type LegendProps = {
  chosen: readonly ChosenSeries[];
  deviceName: (id: string) => string;
  figures: ReadonlyMap<number, Figures> | null;
  /** Null: there is no comparison, or it is not loaded yet. */
  earlier: ReadonlyMap<number, Figures> | null;
  compare: Comparison;
  onRemove: (id: number) => void;
};

const DIFFERENCE_DIGITS = 9;
// A smaller share of the mean is rounding noise.
const NOISE = 1e-11;
const COLUMNS = ["min", "mean", "max", "last"] as const;

export function Legend({ chosen, deviceName, figures, earlier, compare, onRemove }: LegendProps) {
  const t = useTranslations("explore");
  const isCompared = compare !== "none";
  return (
    <div
      className="relative overflow-x-auto border-t"
      tabIndex={0}
      role="group"
      aria-label={t("legend.title")}
    >
      <table className="w-full text-ui tabular-nums" data-testid="legend">
        <caption className="sr-only">{t("legend.title")}</caption>
        <thead className="bg-surface-2 text-xs text-fg-2">
          <tr className="h-8">
            <th scope="col" className="px-4 text-left font-normal">
              {t("legend.series")}
            </th>
            <th scope="col" className="px-2 text-left font-normal">
              {t("legend.device")}
            </th>
            {COLUMNS.map((column) => (
              <th key={column} scope="col" className="px-2 text-right font-normal">
                {t(`legend.${column}`)}
              </th>
            ))}
            <th scope="col" className="px-2 text-left font-normal">
              {t("legend.unit")}
            </th>
            {isCompared && (
              <th scope="col" className="px-2 text-right font-normal whitespace-nowrap">
                {t(`legend.difference.${compare}`)}
              </th>
            )}
            <th scope="col" className="w-8">
              <span className="sr-only">{t("legend.remove")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {chosen.map(({ series, color }) => (
            <LegendRows
              key={series.id}
              series={series}
              color={color}
              device={deviceName(series.device)}
              own={figures?.get(series.id) ?? null}
              earlier={earlier?.get(series.id) ?? null}
              compare={compare}
              onRemove={onRemove}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type LegendRowsProps = {
  series: Series;
  color: number;
  device: string;
  own: Figures | null;
  earlier: Figures | null;
  compare: Comparison;
  onRemove: (id: number) => void;
};

function LegendRows({ series, color, device, own, earlier, compare, onRemove }: LegendRowsProps) {
  const t = useTranslations("explore");
  const isCompared = compare !== "none";
  const background = seriesColor(color);
  return (
    <>
      <tr className="h-8 border-t" data-testid={`legend-${series.name}`}>
        <th scope="row" className="px-4 text-left font-normal">
          <span className="flex items-center gap-2">
            <span className="keep-color h-[3px] w-3.5 shrink-0 rounded-full" style={{ background }} />
            <span className="min-w-24 wrap-anywhere">{series.display_name}</span>
          </span>
        </th>
        <td className="px-2 text-fg-2">
          <span className="block min-w-28 wrap-anywhere">{device}</span>
        </td>
        <FigureCells series={series} figures={own} />
        {isCompared && (
          <td className="px-2 text-right whitespace-nowrap" data-testid="difference">
            {differenceText(own, earlier, series)}
          </td>
        )}
        <td className="pr-2">
          <button
            type="button"
            aria-label={t("legend.removeSeries", { name: series.display_name })}
            onClick={() => onRemove(series.id)}
            className="flex size-6 items-center justify-center rounded-[5px] text-fg-3 hover:bg-surface-2 hover:text-fg"
          >
            <X className="size-3.5" aria-hidden />
          </button>
        </td>
      </tr>
      {isCompared && (
        <tr className="h-8 border-t text-fg-2">
          <th scope="row" className="px-4 text-left font-normal">
            <span className="flex items-center gap-2">
              <svg viewBox="0 0 14 3" className="keep-color h-[3px] w-3.5 shrink-0 opacity-60" aria-hidden>
                <path d="M0 1.5h14" stroke={background} strokeWidth={3} strokeDasharray="4 2" />
              </svg>
              {t(`compare.${compare}`)}
            </span>
          </th>
          <td />
          <FigureCells series={series} figures={earlier} />
          <td />
          <td />
        </tr>
      )}
    </>
  );
}

function FigureCells({ series, figures }: { series: Series; figures: Figures | null }) {
  const span = figures ? figures.max - figures.min : 0;
  return (
    <>
      {COLUMNS.map((column) => {
        // A switch has no mean.
        const isMeaningless = series.type === "bool" && column === "mean";
        const value = figures && !isMeaningless ? figures[column] : null;
        const kind = column === "mean" ? { ...series, type: "float" as const } : series;
        const shown = formatBrief(value, kind, span);
        return (
          <td
            key={column}
            title={formatFull(value, kind)}
            className={clsx("px-2 text-right whitespace-nowrap", column === "last" && "font-semibold")}
          >
            {shown.text}
            {shown.unit !== shownUnit(series.unit) && <span className="text-fg-2"> {shown.unit}</span>}
          </td>
        );
      })}
      <td className="px-2 text-fg-2">{series.type === "bool" ? "" : shownUnit(series.unit)}</td>
    </>
  );
}

/** `+3.2 °C`: how far the mean lies above that of the earlier range. */
function differenceText(own: Figures | null, earlier: Figures | null, series: Series): string {
  if (series.type === "bool" || own?.mean == null || earlier?.mean == null) return "–";
  const difference = Number((own.mean - earlier.mean).toPrecision(DIFFERENCE_DIGITS));
  // A difference has no zero point: 10 °C more are 18 °F more.
  const conversion = pageConversion(series.unit);
  const decimals =
    conversion && series.decimals !== null ? convertedDecimals(series.decimals, conversion) : series.decimals;
  const kind = { type: "float", unit: conversion?.unit ?? series.unit, decimals } as const;
  if (Math.abs(difference) < Math.abs(own.mean) * NOISE) return `0 ${kind.unit}`.trim();
  const factor = conversion?.factor ?? 1;
  const span = Math.max(own.max - own.min, earlier.max - earlier.min) * factor;
  const { text, unit } = formatBrief(Math.abs(difference) * factor, kind, span);
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
  return `${sign}${text} ${unit}`.trim();
}
