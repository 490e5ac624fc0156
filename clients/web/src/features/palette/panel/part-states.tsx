"use client";
// What still loads, and what a service could not answer. Neither blocks the rest of the search.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { explain } from "@/lib/api/explain";
import type { Asked } from "./use-sources";

export function PartStates({ asked }: { asked: readonly Asked[] }) {
  const t = useTranslations("palette");
  const common = useTranslations("common");
  const loading = asked.filter(({ isLoading }) => isLoading);
  const failed = asked.filter(({ isLoading, error }) => !isLoading && error !== null);
  return (
    <div className="shrink-0">
      {failed.map(({ part, error, retry }) => (
        <div
          key={part}
          role="alert"
          className="flex items-center justify-between gap-3 border-t px-4 py-2 text-xs text-crit"
          data-testid={`palette-failed-${part}`}
        >
          <span className="min-w-0">
            {t("partFailed", { part: t(`parts.${part}`), why: explain(error) })}
          </span>
          <Button onClick={retry}>{common("tryAgain")}</Button>
        </div>
      ))}
      <div className="border-t px-4 py-2 text-xs text-fg-3">
        <p role="status" data-testid="palette-loading">
          {loading.length > 0 &&
            t("loadingParts", { parts: loading.map(({ part }) => t(`parts.${part}`)).join(", ") })}
        </p>
        {loading.length === 0 && <p>{t("hint")}</p>}
      </div>
    </div>
  );
}
