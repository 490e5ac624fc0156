"use client";
// What the database uses, and how long readings are kept.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { ApiClient } from "@/lib/api/api-client";
import { formatBrief } from "@/lib/format";
import { storageQuery } from "./queries";

export function StoragePanel({ api }: { api: ApiClient }) {
  const t = useTranslations("status");
  const query = useQuery(storageQuery(api));
  return (
    <Panel title={t("storage")} meta="PostgreSQL" testId="panel-storage">
      <PanelContent query={query} skeletonHeight="10rem">
        {({ database_bytes, levels }) => (
          <dl className="divide-y border-t text-ui">
            <Row name={t("databaseSize")} bytes={database_bytes} />
            {levels.map(({ level, days, bytes }) => (
              <Row
                key={level}
                name={t("levelKept", {
                  level: t(`levels.${level}`),
                  days: t("days", { days: Math.round(days) }),
                })}
                bytes={bytes}
              />
            ))}
          </dl>
        )}
      </PanelContent>
    </Panel>
  );
}

function Row({ name, bytes }: { name: string; bytes: number }) {
  const { text, unit } = formatBrief(bytes, { type: "int", unit: "B" });
  return (
    <div className="flex items-baseline justify-between gap-3 px-4 py-2.5">
      <dt className="text-fg-2">{name}</dt>
      <dd className="font-medium whitespace-nowrap tabular-nums">
        {text} <span className="font-normal text-fg-2">{unit}</span>
      </dd>
    </div>
  );
}
