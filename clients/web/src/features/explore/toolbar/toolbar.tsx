"use client";
// How the question is asked: range, steps, time zone, comparison, limits.
import clsx from "clsx";
import { CalendarRange, ChevronLeft, ChevronRight, ZoomOut } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState, type ReactNode } from "react";
import { Button } from "@/components/button";
import type { TimeSpan } from "@/charts/types";
import { allZones } from "@/lib/texts/time-zone";
import { useDateLocale } from "../date-locale";
import { COMPARISONS, type Comparison, type Question } from "../question";
import { PRESETS, stepped, usualZone, zoomedOut, type Range } from "../ranges";
import { spanTexts } from "../span-text";
import { LimitsDialog } from "./limits-dialog";
import { RangeDialog } from "./range-dialog";

type ToolbarProps = {
  question: Question;
  span: TimeSpan;
  zone: string;
  /** The units of the charts on the page. */
  units: readonly string[];
  onAsk: (change: Partial<Question>) => void;
};

const SELECT =
  "h-8 max-w-48 cursor-pointer rounded-[7px] border bg-surface pr-2 pl-2.5 text-[16px] font-medium hover:bg-surface-2 sm:pointer-fine:text-ui";

export function Toolbar({ question, span, zone, units, onAsk }: ToolbarProps) {
  const t = useTranslations("explore");
  const locale = useDateLocale();
  const [isRangeOpen, setRangeOpen] = useState(false);
  const [areLimitsOpen, setLimitsOpen] = useState(false);
  const ask = (range: Range) => onAsk({ range });
  const text = t("range.span", spanTexts(span, zone, locale));
  return (
    <div className="flex flex-wrap items-center gap-2" data-testid="toolbar">
      <div
        role="group"
        aria-label={t("range.presets")}
        className="flex h-8 items-center rounded-[7px] border bg-surface p-0.5"
      >
        {PRESETS.map(({ key }) => {
          const isChosen = question.range.kind === "preset" && question.range.key === key;
          return (
            <button
              key={key}
              type="button"
              aria-pressed={isChosen}
              aria-label={t(`range.preset.${key}`)}
              data-testid={`range-${key}`}
              onClick={() => ask({ kind: "preset", key })}
              className={clsx(
                "h-full rounded-[5px] px-2.5 text-xs transition-colors duration-150",
                isChosen ? "bg-surface-3 font-semibold" : "text-fg-2 hover:bg-surface-2 hover:text-fg",
              )}
            >
              {key}
            </button>
          );
        })}
      </div>
      <div className="flex max-w-full min-h-8 items-stretch rounded-[7px] border bg-surface">
        <StepButton label={t("range.back")} testId="step-back" onClick={() => ask(stepped(span, -1, zone))}>
          <ChevronLeft className="size-4" aria-hidden />
        </StepButton>
        <button
          type="button"
          aria-label={t("range.choose", { span: text })}
          data-testid="span"
          data-from={span.from}
          data-to={span.to}
          onClick={() => setRangeOpen(true)}
          className="flex min-w-0 items-center gap-2 border-x px-2.5 text-ui font-medium tabular-nums hover:bg-surface-2"
        >
          <CalendarRange className="size-4 shrink-0 text-fg-2 max-sm:hidden" aria-hidden />
          {text}
        </button>
        <StepButton
          label={t("range.forward")}
          testId="step-forward"
          onClick={() => ask(stepped(span, 1, zone))}
        >
          <ChevronRight className="size-4" aria-hidden />
        </StepButton>
      </div>
      <Button
        size="icon"
        aria-label={t("range.zoomOut")}
        title={t("range.zoomOut")}
        data-testid="zoom-out"
        onClick={() => ask(zoomedOut(span, Date.now() * 1_000))}
      >
        <ZoomOut className="size-4" aria-hidden />
      </Button>
      <ZoneSelect zone={question.zone} onZone={(next) => onAsk({ zone: next })} />
      <select
        aria-label={t("compare.label")}
        className={SELECT}
        value={question.compare}
        data-testid="compare"
        onChange={(event) => onAsk({ compare: event.target.value as Comparison })}
      >
        {COMPARISONS.map((one) => (
          <option key={one} value={one}>
            {t(`compare.option.${one}`)}
          </option>
        ))}
      </select>
      {units.length > 0 && (
        <Button onClick={() => setLimitsOpen(true)} data-testid="limits-button">
          {question.limits.length > 0
            ? t("limits.button", { count: question.limits.length })
            : t("limits.title")}
        </Button>
      )}
      {isRangeOpen && <RangeDialog span={span} zone={zone} onOpenChange={setRangeOpen} onRange={ask} />}
      {areLimitsOpen && (
        <LimitsDialog
          limits={question.limits}
          units={units}
          onOpenChange={setLimitsOpen}
          onLimits={(limits) => onAsk({ limits })}
        />
      )}
    </div>
  );
}

function ZoneSelect({ zone, onZone }: { zone: string | null; onZone: (zone: string | null) => void }) {
  const t = useTranslations("explore");
  const [zones] = useState(allZones);
  return (
    <select
      aria-label={t("zone.label")}
      className={SELECT}
      value={zone ?? ""}
      data-testid="zone"
      onChange={(event) => onZone(event.target.value || null)}
    >
      <option value="">{t("zone.usual", { zone: usualZone() })}</option>
      {/* A zone of the address may have another name than the one that browsers list. */}
      {zone !== null && !zones.includes(zone) && <option value={zone}>{zone}</option>}
      {zones.map((one) => (
        <option key={one} value={one}>
          {one.replaceAll("_", " ")}
        </option>
      ))}
    </select>
  );
}

type StepButtonProps = { label: string; testId: string; onClick: () => void; children: ReactNode };

function StepButton({ label, testId, onClick, children }: StepButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      data-testid={testId}
      onClick={onClick}
      className="flex w-8 shrink-0 items-center justify-center text-fg-2 hover:bg-surface-2 hover:text-fg"
    >
      {children}
    </button>
  );
}
