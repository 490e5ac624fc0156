"use client";
// Asks for the limits that the charts show as dashed lines.
import { useTranslations } from "next-intl";
import { X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { SelectField, TextField } from "@/components/form/input";
import { UnitNote } from "@/components/form/unit-note";
import type { Limit } from "@/charts/types";
import { numberIn } from "@/lib/forms/number-in";
import { MOST_LIMITS, type UnitLimit } from "../question";

type LimitsDialogProps = {
  limits: readonly UnitLimit[];
  /** The units of the charts on the page. */
  units: readonly string[];
  onOpenChange: (open: boolean) => void;
  onLimits: (limits: readonly UnitLimit[]) => void;
};

export function LimitsDialog({ limits, units, onOpenChange, onLimits }: LimitsDialogProps) {
  const t = useTranslations("explore");
  const [unit, setUnit] = useState(units[0] ?? "");
  const [severity, setSeverity] = useState<Limit["severity"]>("warning");
  const [direction, setDirection] = useState<Limit["direction"]>("above");
  const [text, setText] = useState("");
  const [hasProblem, setProblem] = useState(false);
  const isFull = limits.length >= MOST_LIMITS;

  const add = (event: FormEvent) => {
    event.preventDefault();
    const value = numberIn(text, { least: -1e15, most: 1e15 });
    if (value === null) return setProblem(true);
    setProblem(false);
    setText("");
    onLimits([...limits, { severity, direction, value, unit }]);
  };
  return (
    <Dialog open onOpenChange={onOpenChange} title={t("limits.title")} description={t("limits.description")}>
      {limits.length > 0 && (
        <ul className="mb-4 space-y-1" data-testid="limits">
          {limits.map((limit, place) => (
            <li
              key={place}
              className="flex min-h-8 items-center gap-2 rounded-[5px] bg-surface-2 px-3 text-ui"
            >
              <span className={limit.severity === "critical" ? "text-crit" : "text-warn"}>
                {t(`limits.${limit.severity}`)}
              </span>
              <span className="min-w-0 flex-1 wrap-anywhere tabular-nums">
                {t(`limits.${limit.direction}`)} {limit.value} {limit.unit}
              </span>
              <Button
                tone="ghost"
                size="icon"
                className="size-6"
                aria-label={t("limits.remove")}
                onClick={() => onLimits(limits.filter((_, other) => other !== place))}
              >
                <X className="size-3.5" aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={add} className="space-y-4" noValidate>
        <div className="grid grid-cols-2 gap-3">
          <SelectField
            label={t("limits.severity")}
            fieldSize="md"
            value={severity}
            onChange={(event) => setSeverity(event.target.value as Limit["severity"])}
          >
            <option value="warning">{t("limits.warning")}</option>
            <option value="critical">{t("limits.critical")}</option>
          </SelectField>
          <SelectField
            label={t("limits.direction")}
            fieldSize="md"
            value={direction}
            onChange={(event) => setDirection(event.target.value as Limit["direction"])}
          >
            <option value="above">{t("limits.above")}</option>
            <option value="below">{t("limits.below")}</option>
          </SelectField>
          <TextField
            label={t("limits.value")}
            inputMode="decimal"
            fieldSize="md"
            maxLength={30}
            value={text}
            error={hasProblem ? t("limits.notANumber") : undefined}
            onChange={(event) => setText(event.target.value)}
            data-testid="limit-value"
          />
          <SelectField
            label={t("limits.unit")}
            fieldSize="md"
            value={unit}
            onChange={(event) => setUnit(event.target.value)}
          >
            {units.map((one) => (
              <option key={one} value={one}>
                {one || t("noUnit")}
              </option>
            ))}
          </SelectField>
        </div>
        <UnitNote units={[unit]} />
        {isFull && <p className="text-xs text-warn">{t("limits.full", { most: MOST_LIMITS })}</p>}
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>{t("close")}</Button>
          <Button tone="primary" type="submit" disabled={isFull} data-testid="add-limit">
            {t("limits.add")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
