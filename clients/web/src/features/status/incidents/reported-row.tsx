"use client";
// An incident that an administrator reported.
import { Megaphone } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import type { Tone } from "@/components/badge";
import type { Incident } from "@/contracts/http";
import { formatDuration } from "@/lib/texts/format";
import { dateTime } from "@/lib/texts/format-time";
import { IncidentRow } from "./incident-row";
import { stateOf, type IncidentState } from "./incident-times";

const TONES: Readonly<Record<IncidentState, Tone>> = { planned: "info", open: "crit", closed: "ok" };

type ReportedRowProps = {
  incident: Incident;
  /** ms since the Unix epoch. */
  now: number;
  /** Undefined for those who may not change it. */
  onEdit?: () => void;
  onFinish?: () => void;
};

export function ReportedRow({ incident, now, onEdit, onFinish }: ReportedRowProps) {
  const t = useTranslations("status");
  const { title, text, services, started_at, ended_at } = incident;
  const state = stateOf(incident, now);
  const duration =
    ended_at === null ? null : formatDuration((Date.parse(ended_at) - Date.parse(started_at)) * 1_000);
  return (
    <IncidentRow
      icon={Megaphone}
      tone={TONES[state]}
      title={title}
      state={t(`incident.states.${state}`)}
      time={
        duration === null
          ? t("outageSince", { since: dateTime(started_at) })
          : t("outageTime", { since: dateTime(started_at), duration })
      }
      testId="reported-incident"
      actions={
        onEdit && (
          <>
            <Button className="h-7 px-2 text-xs" onClick={onEdit} data-testid="edit-incident">
              {t("incident.editShort")}
            </Button>
            {state === "open" && onFinish && (
              <Button className="h-7 px-2 text-xs" onClick={onFinish} data-testid="close-incident">
                {t("incident.close")}
              </Button>
            )}
          </>
        )
      }
    >
      {text && (
        <p dir="auto" className="mt-0.5 whitespace-pre-line wrap-anywhere text-fg-2">
          {text}
        </p>
      )}
      {services.length > 0 && (
        <p className="mt-0.5 text-xs text-fg-2">
          {t("incident.affects", { services: services.map((one) => t(`watched.${one}`)).join(", ") })}
        </p>
      )}
    </IncidentRow>
  );
}
