"use client";
// The backlog of one collector in the table: how many readings wait, and when it will be empty or full.
import clsx from "clsx";
import { useTranslations } from "next-intl";
import { useSyncExternalStore } from "react";
import { spanText, type Backlogs } from "@/lib/readings/backlog";
import { numberLocale } from "@/lib/texts/page-locale";
import { useNowInSteps } from "@/lib/use-now-in-steps";
import type { FleetDevice } from "../fleet-device";

type BacklogCellProps = { device: FleetDevice; backlogs: Backlogs };

/** Renders nothing for a plain device: it keeps no readings. */
export function BacklogCell({ device: { id, telemetry, isPlain }, backlogs }: BacklogCellProps) {
  const t = useTranslations("devices");
  const read = () => backlogs.progress(id);
  const progress = useSyncExternalStore(backlogs.subscribe, read, read);
  const now = useNowInSteps();
  const waiting = telemetry?.waiting;
  if (isPlain || waiting == null) return null;
  const fullAt = telemetry?.full_at ?? null;
  const secondsToFull = fullAt === null ? null : (Date.parse(fullAt) - now) / 1_000;
  const isEmptying = progress?.secondsLeft != null && telemetry?.online === true;
  return (
    <span className="inline-flex flex-col items-end tabular-nums">
      <span className={clsx(secondsToFull !== null && !isEmptying && "text-warn")}>
        {waiting.toLocaleString(numberLocale())}
      </span>
      {isEmptying ? (
        <span className="text-2xs text-fg-2">{t("emptyIn", { span: spanText(progress.secondsLeft!) })}</span>
      ) : secondsToFull !== null ? (
        <span className="text-2xs text-warn">
          {secondsToFull > 0 ? t("fullIn", { span: spanText(Math.ceil(secondsToFull)) }) : t("full")}
        </span>
      ) : null}
    </span>
  );
}
