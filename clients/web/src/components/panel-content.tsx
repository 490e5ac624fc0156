"use client";
// The content of a panel: a skeleton while loading, a problem after a failure, else the data.
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { explain } from "@/lib/api/explain";

type PanelContentProps<T> = {
  query: UseQueryResult<T>;
  /** In rem: about the height of the data, so that the page does not jump. */
  skeletonHeight: string;
  children: (data: T) => ReactNode;
};

/** Loaded data stays visible when a reload fails. Then a line says that it may be outdated. */
export function PanelContent<T>({ query, skeletonHeight, children }: PanelContentProps<T>) {
  const t = useTranslations("errors");
  const common = useTranslations("common");
  if (query.data === undefined && query.isError) {
    return (
      <div role="alert" className="flex flex-wrap items-center gap-3 px-4 pt-1 pb-4 text-ui">
        <span className="text-crit">{explain(query.error)}</span>
        <Button onClick={() => void query.refetch()} disabled={query.isFetching}>
          {query.isFetching ? t("retrying") : common("tryAgain")}
        </Button>
      </div>
    );
  }
  if (query.data === undefined) {
    return (
      <div className="px-4 pt-1 pb-4" role="status" aria-label={t("loading")}>
        <div className="skeleton" style={{ height: skeletonHeight }} />
      </div>
    );
  }
  return (
    <>
      {children(query.data)}
      {query.isError && (
        <p role="status" className="px-4 pb-3 text-xs text-warn">
          {t("outdated", { reason: explain(query.error) })}
        </p>
      )}
    </>
  );
}
