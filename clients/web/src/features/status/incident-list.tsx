"use client";
// What happened: incidents that administrators reported, outages, and incidents of the distribution of accounts.
import { useQuery } from "@tanstack/react-query";
import { Activity, Database, KeyRound, Lock, Radio, Users, type LucideIcon } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState, type ReactNode } from "react";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import type { MirrorIncident, Outage } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { formatDuration } from "@/lib/texts/format";
import { dateTime } from "@/lib/texts/format-time";
import type { Can } from "@/lib/permissions";
import { IncidentContent } from "./incidents/incident-content";
import { IncidentDialogs, type Asked } from "./incidents/incident-dialogs";
import { IncidentRow } from "./incidents/incident-row";
import { newestFirst, stateOf } from "./incidents/incident-times";
import { ReportedRow } from "./incidents/reported-row";
import { availabilityQuery, incidentsQuery, mirrorIncidentsQuery } from "./queries";

const MOST = 5;
const SHOWN_MS = 30 * 86_400_000;
type Entry = { readonly key: string; readonly at: number; readonly isOpen: boolean; readonly row: ReactNode };

export function IncidentList({ api, can }: { api: ApiClient; can: Can }) {
  const t = useTranslations("status");
  const canSee = can("telemetry.read");
  const canManage = can("incidents.manage");
  const [showsAll, setShowsAll] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const availability = useQuery({ ...availabilityQuery(api), enabled: canSee });
  const reported = useQuery({ ...incidentsQuery(api), enabled: canSee });
  const mirror = useQuery({ ...mirrorIncidentsQuery(api), enabled: can("mirror.read") });
  const parts = [
    { name: "reported", query: reported, isAllowed: canSee },
    { name: "outages", query: availability, isAllowed: canSee },
    { name: "mirror", query: mirror, isAllowed: can("mirror.read") },
  ] as const;
  const now = Math.max(...parts.map(({ query }) => query.dataUpdatedAt));
  const entries: Entry[] = [
    ...(reported.data ?? []).map((incident) => ({
      key: incident.id,
      at: Date.parse(incident.started_at),
      isOpen: stateOf(incident, now) !== "closed",
      row: (
        <ReportedRow
          key={incident.id}
          incident={incident}
          now={now}
          onEdit={canManage ? () => setAsked({ what: "edit", incident }) : undefined}
          onFinish={canManage ? () => setAsked({ what: "close", incident }) : undefined}
        />
      ),
    })),
    ...(availability.data?.outages ?? []).map((outage) => {
      const key = outage.service + outage.since;
      const row = <OutageRow key={key} outage={outage} />;
      return { key, at: Date.parse(outage.since), isOpen: outage.until === null, row };
    }),
    ...(mirror.data?.items ?? []).map((incident) => {
      const row = <MirrorRow key={incident.id} incident={incident} />;
      return { key: String(incident.id), at: Date.parse(incident.at), isOpen: false, row };
    }),
  ];
  const recent = entries.filter(({ at, isOpen }) => isOpen || at > now - SHOWN_MS);
  // What lasts comes first, so that a long list never hides it.
  const sorted = newestFirst(showsAll ? entries : recent);
  const ordered = [...sorted.filter(({ isOpen }) => isOpen), ...sorted.filter(({ isOpen }) => !isOpen)];
  const shown = showsAll ? ordered : ordered.slice(0, MOST);
  return (
    <Panel
      title={t("incidents")}
      meta={showsAll ? undefined : t("last30")}
      testId="panel-incidents"
      actions={
        (showsAll || entries.length > shown.length) && (
          <Button
            className="h-7 px-2 text-xs"
            onClick={() => setShowsAll(!showsAll)}
            data-testid="all-incidents"
          >
            {t(showsAll ? "incident.fewer" : "incident.all")}
          </Button>
        )
      }
    >
      <IncidentContent parts={parts.filter(({ isAllowed }) => isAllowed)}>
        {shown.length > 0 && (
          <ul className="divide-y border-t" aria-label={t("incidents")}>
            {shown.map(({ row }) => row)}
          </ul>
        )}
      </IncidentContent>
      {asked && (
        <IncidentDialogs
          api={api}
          what={asked.what}
          // The newest version, so that a change can be repeated after somebody else's.
          incident={reported.data?.find(({ id }) => id === asked.incident.id) ?? asked.incident}
          onAsk={setAsked}
        />
      )}
    </Panel>
  );
}

const ICONS: Readonly<Record<Outage["service"], LucideIcon>> = {
  "telemetry-gateway": Activity,
  users: Users,
  auth: Lock,
  "sync-publisher": KeyRound,
  broker: Radio,
  database: Database,
};

function OutageRow({ outage: { service, since, until } }: { outage: Outage }) {
  const t = useTranslations("status");
  const isOver = until !== null;
  return (
    <IncidentRow
      icon={ICONS[service]}
      tone={isOver ? "ok" : "crit"}
      title={t(isOver ? "outage" : "outageNow", { name: t(`watched.${service}`) })}
      state={t(isOver ? "solved" : "ongoing")}
      time={
        isOver
          ? t("outageTime", {
              since: dateTime(since),
              duration: formatDuration((Date.parse(until) - Date.parse(since)) * 1_000),
            })
          : t("outageSince", { since: dateTime(since) })
      }
      testId="outage"
    />
  );
}

function MirrorRow({ incident: { kind, device, detail, at } }: { incident: MirrorIncident }) {
  const t = useTranslations("status");
  const key = `kinds.${kind}` as const;
  const title = t.has(key as "kinds.unknown_key") ? t(key as "kinds.unknown_key") : kind.replaceAll("_", " ");
  return (
    <IncidentRow
      icon={KeyRound}
      tone="warn"
      title={
        <>
          {title}
          {device && <span className="font-mono text-xs font-normal text-fg-2"> {device}</span>}
        </>
      }
      time={<When at={at} />}
    >
      <p className="mt-0.5 wrap-anywhere text-fg-2">{detail}</p>
    </IncidentRow>
  );
}
