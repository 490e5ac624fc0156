"use client";
// The content of the panel of incidents, which come from several queries: the list, and what is missing from it.
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { explain } from "@/lib/api/explain";

/** What one of the queries knows. */
export type IncidentPart = {
  /** Its texts are in `status.incident.parts`. */
  readonly name: "reported" | "outages" | "mirror";
  readonly query: Pick<UseQueryResult, "data" | "isError" | "error" | "refetch">;
};

type IncidentContentProps = {
  /** What the account may see. */
  parts: readonly IncidentPart[];
  /** The list; false when it has no entry. */
  children: ReactNode;
};

/** Each part shows what it has loaded, whatever happens to the others. */
export function IncidentContent({ parts, children }: IncidentContentProps) {
  const t = useTranslations("status");
  const common = useTranslations("common");
  const failed = parts.filter(({ query }) => query.isError);
  const missing = failed.filter(({ query }) => query.data === undefined);
  const isLoading = parts.some(({ query }) => query.data === undefined && !query.isError);
  return (
    <>
      {failed.length > 0 && (
        <div
          role={missing.length > 0 ? "alert" : "status"}
          className="flex flex-wrap items-center gap-3 border-t px-4 py-3 text-ui text-warn"
        >
          <div className="min-w-0 flex-1 basis-48">
            {failed.map(({ name, query }) => (
              <p key={name} data-testid={`incidents-failed-${name}`}>
                {t(query.data === undefined ? "incident.partMissing" : "incident.partOutdated", {
                  part: t(`incident.parts.${name}`),
                  reason: explain(query.error),
                })}
              </p>
            ))}
          </div>
          {missing.length > 0 && (
            <Button onClick={() => missing.forEach(({ query }) => void query.refetch())}>
              {common("tryAgain")}
            </Button>
          )}
        </div>
      )}
      {children}
      {isLoading && (
        <div className="border-t px-4 py-3" role="status" aria-label={t("loading")}>
          <div className="skeleton h-12" />
        </div>
      )}
      {/* A part that is missing or outdated may have an incident. */}
      {!children && !isLoading && failed.length === 0 && (
        <p className="border-t px-4 py-3 text-ui text-fg-2">{t("nothingUnusualHasHappened")}</p>
      )}
    </>
  );
}
