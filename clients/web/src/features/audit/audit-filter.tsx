"use client";
// The filter of the audit log.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import type { Filter } from "./queries";

type AuditFilterProps = { filter: Filter; onFilter: (filter: Filter) => void };

/** What the services accept. */
const NAME = /^[A-Za-z0-9._:@+-]{0,128}$/;
const EMPTY: Filter = { kind: "", actor: "", target: "", since: "", until: "" };

export function AuditFilter({ filter, onFilter }: AuditFilterProps) {
  const t = useTranslations("audit");
  const [typed, setTyped] = useState(filter);
  const [problem, setProblem] = useState<string | null>(null);
  const field = (name: keyof Filter) => ({
    fieldSize: "sm" as const,
    autoComplete: "off",
    maxLength: 128,
    value: typed[name],
    "data-testid": `filter-${name}`,
    onChange: (event: { target: { value: string } }) => setTyped({ ...typed, [name]: event.target.value }),
  });
  const apply = () => {
    const next = {
      ...typed,
      kind: typed.kind.trim(),
      actor: typed.actor.trim(),
      target: typed.target.trim(),
    };
    if (![next.kind, next.actor, next.target].every((text) => NAME.test(text)))
      return setProblem(t("useLettersDigitsAndOnly"));
    if (next.since && next.until && next.since > next.until) return setProblem(t("theFirstDayIsAfter"));
    setProblem(null);
    onFilter(next);
  };
  return (
    <form
      method="post"
      className="space-y-2"
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <FormProblem testId="filter-error">{problem}</FormProblem>
      <div className="grid items-end gap-2 sm:grid-cols-2 lg:grid-cols-[repeat(3,minmax(0,1fr))_9.5rem_9.5rem_auto]">
        <TextField label={t("kind")} {...field("kind")} />
        <TextField label={t("whoId")} {...field("actor")} />
        <TextField label={t("whatId")} {...field("target")} />
        <TextField label={t("fromDay")} type="date" {...field("since")} />
        <TextField label={t("toDay")} type="date" {...field("until")} />
        <div className="flex gap-2">
          <Button type="submit" data-testid="filter-apply">
            {t("filter")}
          </Button>
          {Object.values(filter).some(Boolean) && (
            <Button
              tone="ghost"
              onClick={() => {
                setTyped(EMPTY);
                onFilter(EMPTY);
              }}
            >
              {t("clear")}
            </Button>
          )}
        </div>
      </div>
    </form>
  );
}
