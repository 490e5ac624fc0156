"use client";
// Asks for the start and the end of a fixed range, in the time zone of the page.
import { useTranslations } from "next-intl";
import { useState, type FormEvent } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/form/input";
import type { TimeSpan } from "@/charts/types";
import { fromInputValue, offsetText, toInputValue } from "@/lib/texts/time-zone";
import { absolute, MOST_US, type Range } from "../ranges";

type RangeDialogProps = {
  span: TimeSpan;
  zone: string;
  onOpenChange: (open: boolean) => void;
  onRange: (range: Range) => void;
};

type Problem = "from" | "to" | "order" | "long";

export function RangeDialog({ span, zone, onOpenChange, onRange }: RangeDialogProps) {
  const t = useTranslations("explore");
  const [from, setFrom] = useState(() => toInputValue(span.from, zone));
  const [to, setTo] = useState(() => toInputValue(span.to, zone));
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const [start, end] = [fromInputValue(from, zone), fromInputValue(to, zone)];
    if (start === null || start < 0) return setProblem("from");
    if (end === null) return setProblem("to");
    if (end <= start) return setProblem("order");
    if (end - start > MOST_US) return setProblem("long");
    onRange(absolute(start, end));
    onOpenChange(false);
  };
  return (
    <Dialog open onOpenChange={onOpenChange} title={t("range.title")}>
      <form onSubmit={submit} className="space-y-4" noValidate data-testid="range-form">
        <TextField
          label={t("range.from")}
          type="datetime-local"
          step={1}
          value={from}
          error={problem === "from" ? t("range.invalid") : undefined}
          onChange={(event) => setFrom(event.target.value)}
          data-testid="range-from"
        />
        <TextField
          label={t("range.to")}
          type="datetime-local"
          step={1}
          value={to}
          error={
            problem && problem !== "from" ? t(`range.${problem === "to" ? "invalid" : problem}`) : undefined
          }
          hint={t("range.zone", { zone, offset: offsetText(span.to, zone) })}
          onChange={(event) => setTo(event.target.value)}
          data-testid="range-to"
        />
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>{t("cancel")}</Button>
          <Button tone="primary" type="submit">
            {t("range.show")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
