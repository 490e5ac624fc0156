"use client";
// What the database uses, and how long readings are kept.
import clsx from "clsx";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Storage } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { bytesText } from "./bytes-text";
import { storageQuery } from "./queries";

export function StoragePanel({ api }: { api: ApiClient }) {
  const t = useTranslations("status");
  const query = useQuery(storageQuery(api));
  return (
    <Panel title={t("storage")} meta="PostgreSQL" testId="panel-storage">
      <PanelContent query={query} skeletonHeight="10rem">
        {({ database_bytes, levels }) => (
          <>
            <Shares total={database_bytes} levels={levels} />
            <dl className="divide-y border-t text-ui">
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
          </>
        )}
      </PanelContent>
    </Panel>
  );
}

const COLORS = {
  raw: "bg-(--series-1)",
  "1m": "bg-(--series-2)",
  "1h": "bg-(--series-3)",
  log: "bg-(--series-5)",
} as const satisfies Record<Level, string>;

type Level = Storage["levels"][number]["level"];

/** What each level takes of the database. The rest are indexes of other services, settings and audit trails. */
function Shares({ total, levels }: { total: number; levels: Storage["levels"] }) {
  const t = useTranslations("status");
  return (
    <div className="space-y-2 border-t px-4 py-3 text-ui">
      <p className="flex items-baseline justify-between gap-3">
        <span className="text-fg-2">{t("databaseSize")}</span>
        <span className="font-medium tabular-nums">{bytesText(total)}</span>
      </p>
      <div aria-hidden className="flex h-1.5 overflow-hidden rounded-full bg-surface-3">
        {levels.map(({ level, bytes }) => (
          <span
            key={level}
            className={clsx("keep-color", COLORS[level])}
            style={{ width: `${(100 * bytes) / Math.max(1, total)}%` }}
          />
        ))}
      </div>
      <ul aria-hidden className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-fg-2">
        {levels.map(({ level }) => (
          <li key={level} className="flex items-center gap-1.5">
            <span className={clsx("keep-color size-2 rounded-[2px]", COLORS[level])} />
            {t(`levels.${level}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ name, bytes }: { name: string; bytes: number }) {
  return (
    <div className="flex items-baseline justify-between gap-3 px-4 py-2.5">
      <dt className="text-fg-2">{name}</dt>
      <dd className="font-medium whitespace-nowrap tabular-nums">{bytesText(bytes)}</dd>
    </div>
  );
}
