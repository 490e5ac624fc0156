"use client";
// What should not have happened in the distribution of accounts.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { When } from "@/components/when";
import type { ApiClient } from "@/lib/api/api-client";
import { incidentsQuery } from "./queries";

export function IncidentsPanel({ api }: { api: ApiClient }) {
  const t = useTranslations("offline-access");
  const query = useQuery(incidentsQuery(api));
  return (
    <Panel title={t("incidents")} meta={t("newestFirst")} testId="panel-incidents">
      <PanelContent query={query} skeletonHeight="3rem">
        {({ items }) =>
          items.length === 0 ? (
            <p className="border-t px-4 py-3 text-ui text-fg-2">{t("nothingUnusualHasHappened")}</p>
          ) : (
            <ul className="divide-y border-t" aria-label={t("incidents")}>
              {items.map(({ id, kind, device, detail, at }) => (
                <li key={id} className="flex flex-wrap gap-x-4 gap-y-0.5 px-4 py-2.5 text-ui">
                  <span className="min-w-0 flex-1 basis-64 wrap-anywhere">
                    <span className="font-medium">{kind.replaceAll("_", " ")}</span>
                    {device && <span className="font-mono text-xs text-fg-2"> {device}</span>}
                    <span className="block text-fg-2">{detail}</span>
                  </span>
                  <span className="text-xs text-fg-2">
                    <When at={at} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </PanelContent>
    </Panel>
  );
}
