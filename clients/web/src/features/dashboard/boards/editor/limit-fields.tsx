"use client";
// The limits of a panel: severity, side and value of each.
import { Trash2 } from "lucide-react";
import { Button } from "@/components/button";
import { SelectField } from "@/components/form/input";
import { MOST, type Limit } from "../model";
import { useText } from "../text";
import { NumberField } from "./number-field";

type LimitFieldsProps = { limits: readonly Limit[]; onChange: (limits: readonly Limit[]) => void };

export function LimitFields({ limits, onChange }: LimitFieldsProps) {
  const t = useText();
  const set = (index: number, change: Partial<Limit>) =>
    onChange(limits.map((limit, place) => (place === index ? { ...limit, ...change } : limit)));
  const add = () => {
    const isFirst = !limits.some(({ severity }) => severity === "warning");
    onChange([...limits, { severity: isFirst ? "warning" : "critical", direction: "above", value: 0 }]);
  };
  return (
    <section aria-label={t("limits")} className="space-y-2">
      <div className="flex items-center justify-between">
        <h3 className="text-ui font-medium">{t("limits")}</h3>
        {limits.length < MOST.limits && (
          <button
            type="button"
            className="rounded text-xs font-medium text-accent hover:underline"
            onClick={add}
            data-testid="add-limit"
          >
            {t("addLimit")}
          </button>
        )}
      </div>
      {limits.map((limit, index) => (
        <div key={index} className="grid grid-cols-[7.25rem_5.5rem_minmax(0,1fr)_auto] items-start gap-1.5">
          <SelectField
            label={t("severity")}
            fieldSize="sm"
            value={limit.severity}
            onChange={({ target }) => set(index, { severity: target.value as Limit["severity"] })}
          >
            <option value="warning">{t("warning")}</option>
            <option value="critical">{t("critical")}</option>
          </SelectField>
          <SelectField
            label={t("side")}
            fieldSize="sm"
            value={limit.direction}
            onChange={({ target }) => set(index, { direction: target.value as Limit["direction"] })}
          >
            <option value="above">{t("above")}</option>
            <option value="below">{t("below")}</option>
          </SelectField>
          <NumberField
            label={t("value")}
            value={limit.value}
            onChange={(value) => value !== null && set(index, { value })}
          />
          <Button
            tone="ghost"
            size="icon"
            className="mt-[26px]"
            aria-label={t("removeLimit")}
            onClick={() => onChange(limits.filter((_, place) => place !== index))}
          >
            <Trash2 className="size-4" aria-hidden />
          </Button>
        </div>
      ))}
      {limits.length > 0 && <p className="text-xs text-fg-3">{t("limitsHint")}</p>}
    </section>
  );
}
