"use client";
// The newest outages of the services, and the newest incidents of the distribution of accounts.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Badge } from "@/components/badge";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { When } from "@/components/when";
import type { MirrorIncident, Outage } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { formatDuration } from "@/lib/format";
import { dateTime } from "@/lib/format-time";
import type { Can } from "@/lib/permissions";
import { availabilityQuery } from "./queries";

const MOST = 5;

export function IncidentList({ api, can }: { api: ApiClient; can: Can }) {
  const t = useTranslations("status");
  const canSeeMirror = can("mirror.read");
  const availability = useQuery({ ...availabilityQuery(api), enabled: can("telemetry.read") });
  const mirror = useQuery({
    queryKey: ["status", "incidents"],
    queryFn: ({ signal }) => api.get("/api/sync/incidents", { query: { limit: MOST }, signal }),
    refetchInterval: 30_000,
    enabled: canSeeMirror,
  });
  return (
    <Panel title={t("incidents")} meta={t("last30")} testId="panel-incidents">
      <PanelContent query={availability} skeletonHeight="3rem">
        {({ outages }) => {
          const incidents = mirror.data?.items ?? [];
          if (outages.length + incidents.length === 0 && (mirror.isSuccess || !canSeeMirror)) {
            return <p className="border-t px-4 py-3 text-ui text-fg-2">{t("nothingUnusualHasHappened")}</p>;
          }
          return (
            <>
              {mirror.isError && (
                <p role="status" className="border-t px-4 py-3 text-ui text-warn">
                  {explain(mirror.error)}
                </p>
              )}
              <ul className="divide-y border-t" aria-label={t("incidents")}>
                {outages.slice(0, MOST).map((outage) => (
                  <OutageRow key={outage.service + outage.since} outage={outage} />
                ))}
                {incidents.map((incident) => (
                  <MirrorRow key={incident.id} incident={incident} />
                ))}
              </ul>
            </>
          );
        }}
      </PanelContent>
    </Panel>
  );
}

const ROW = "flex flex-wrap justify-between gap-x-4 px-4 py-2.5 text-ui";

function OutageRow({ outage: { service, since, until } }: { outage: Outage }) {
  const t = useTranslations("status");
  const name = t(`watched.${service}`);
  return (
    <li className={ROW} data-testid="outage">
      <span className="flex min-w-0 flex-wrap items-center gap-2">
        <span className="font-medium">{t(until === null ? "outageNow" : "outage", { name })}</span>
        <Badge tone={until === null ? "crit" : "ok"}>{t(until === null ? "ongoing" : "solved")}</Badge>
      </span>
      <span className="text-xs text-fg-2">
        {until === null
          ? t("outageSince", { since: dateTime(since) })
          : t("outageTime", {
              since: dateTime(since),
              duration: formatDuration((Date.parse(until) - Date.parse(since)) * 1_000),
            })}
      </span>
    </li>
  );
}

function MirrorRow({ incident: { kind, device, detail, at } }: { incident: MirrorIncident }) {
  const t = useTranslations("status");
  const key = `kinds.${kind}` as const;
  return (
    <li className={ROW}>
      <span className="min-w-0 wrap-anywhere">
        <span className="font-medium">
          {t.has(key as "kinds.unknown_key") ? t(key as "kinds.unknown_key") : kind.replaceAll("_", " ")}
        </span>
        {device && <span className="font-mono text-xs text-fg-2"> {device}</span>}
        <span className="block text-fg-2">{detail}</span>
      </span>
      <span className="text-xs text-fg-2">
        <When at={at} />
      </span>
    </li>
  );
}
