"use client";
// Whether everything works, with the figures of the whole system.
import { useQuery } from "@tanstack/react-query";
import { Check, TriangleAlert } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { SystemStatus } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import { bytesText } from "./bytes-text";
import { percentText, shareUp } from "./days";
import { formatDuration } from "@/lib/texts/format";
import { numberLocale } from "@/lib/texts/page-locale";
import { isOpen } from "./incidents/incident-times";
import { availabilityQuery, incidentsQuery, intakeQuery, storageQuery } from "./queries";

type VerdictProps = { api: ApiClient; status: SystemStatus; isOutdated: boolean; canSee: boolean };

export function Verdict({ api, status, isOutdated, canSee }: VerdictProps) {
  const t = useTranslations("status");
  const { data: incidents, dataUpdatedAt } = useQuery({ ...incidentsQuery(api), enabled: canSee });
  const now = Math.max(Date.parse(status.at), dataUpdatedAt);
  const open = incidents?.filter((one) => isOpen(one, now)) ?? [];
  const down = status.services.filter(({ isReady }) => !isReady);
  const isWell = down.length === 0 && !isOutdated;
  const Icon = isWell ? Check : TriangleAlert;
  const title = isOutdated
    ? t("thisPageCannotReachThe")
    : isWell
      ? t("everythingWorks")
      : t("notReadyServices", { names: down.map(({ name }) => t(`services.${name}`)).join(", ") });
  return (
    <section
      aria-label={t("summary")}
      className="flex flex-wrap items-center gap-x-8 gap-y-3 rounded-[10px] border bg-surface px-4 py-3.5"
    >
      <div
        role="status"
        data-testid="verdict"
        data-well={isWell}
        className="flex min-w-0 flex-1 basis-72 items-center gap-3"
      >
        <span
          className={
            isWell
              ? "flex size-8 shrink-0 items-center justify-center rounded-full bg-ok-soft text-ok"
              : "flex size-8 shrink-0 items-center justify-center rounded-full bg-crit-soft text-crit"
          }
        >
          <Icon className="size-4" aria-hidden />
        </span>
        <div className="min-w-0">
          <p className="text-body font-semibold">{title}</p>
          <p className="text-xs text-fg-2 wrap-anywhere">
            {isOutdated
              ? t("whatYouSeeBelowMay")
              : !isWell
                ? t("collectorsKeepTheirReadingsOn")
                : open.length > 0
                  ? t("openIncidents", { count: open.length, title: open[0]!.title })
                  : t("allServicesAreReadyAnd")}
          </p>
        </div>
      </div>
      {canSee && <Figures api={api} />}
    </section>
  );
}

function Figures({ api }: { api: ApiClient }) {
  const t = useTranslations("status");
  const { data: intake, dataUpdatedAt } = useQuery(intakeQuery(api));
  const { data: storage } = useQuery(storageQuery(api));
  const { data: availability } = useQuery(availabilityQuery(api));
  const share = availability ? shareUp(availability.services.flatMap(({ days }) => days)) : null;
  const whole = (value: number) => Math.round(value).toLocaleString(numberLocale());
  const ms = (seconds: number) => t("ms", { ms: whole(seconds * 1_000) });
  const oldest = intake?.oldest_waiting_at;
  return (
    <dl className="flex flex-wrap gap-x-7 gap-y-2" data-testid="figures">
      {intake && (
        <>
          <Figure
            label={t("readingsIn")}
            value={
              intake.readings_per_second === null
                ? t("notKnown")
                : t("perSecond", { count: whole(intake.readings_per_second) })
            }
            testId="figure-readings"
          />
          {intake.stored_after_seconds !== null && intake.stored_after_seconds_p99 !== null && (
            <Figure
              label={t("arrivalToStored")}
              value={ms(intake.stored_after_seconds)}
              note={t("p99", { duration: ms(intake.stored_after_seconds_p99) })}
              testId="figure-stored"
            />
          )}
          <Figure
            label={t("waitingOnDevices")}
            value={intake.waiting.toLocaleString(numberLocale())}
            note={
              oldest != null &&
              t("oldest", { age: formatDuration(Math.max(0, dataUpdatedAt - Date.parse(oldest)) * 1_000) })
            }
            testId="figure-waiting"
          />
        </>
      )}
      {storage && <Figure label={t("databaseSize")} value={bytesText(storage.database_bytes)} />}
      {share !== null && <Figure label={t("days30")} value={percentText(share)} />}
    </dl>
  );
}

type FigureProps = { label: string; value: ReactNode; note?: ReactNode; testId?: string };

function Figure({ label, value, note, testId }: FigureProps) {
  return (
    <div className="lg:text-right" data-testid={testId}>
      <dt className="text-xs text-fg-2">{label}</dt>
      <dd className="text-ui font-semibold whitespace-nowrap tabular-nums">
        {value}
        {note && <span className="ml-1 font-normal text-fg-2">{note}</span>}
      </dd>
    </div>
  );
}
