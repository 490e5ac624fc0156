"use client";
// The backlog of a collector, as text and as a bar.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { useSyncExternalStore } from "react";
import { progressText, type Backlogs, type Progress } from "@/lib/readings/backlog";

function useProgress(backlogs: Backlogs, id: string): Progress | null {
  const read = () => backlogs.progress(id);
  return useSyncExternalStore(backlogs.subscribe, read, read);
}

/** A badge that fills while the collector catches up. Renders nothing without a backlog. */
export function CatchUp({ backlogs, id, isBrief }: { backlogs: Backlogs; id: string; isBrief?: boolean }) {
  const t = useTranslations("dashboard");
  const progress = useProgress(backlogs, id);
  if (!progress) return null;
  const text = progressText(progress);
  if (isBrief) return <span className="ml-auto pl-2 text-2xs text-fg-3 tabular-nums">{text}</span>;
  return (
    <span
      data-testid="catch-up"
      data-waiting={progress.waiting}
      title={t("catchingUpWhy")}
      className={clsx(
        "relative inline-flex h-5 items-center gap-1.5 overflow-hidden rounded-[5px] px-1.5 text-2xs font-medium whitespace-nowrap tabular-nums",
        progress.isGrowing ? "bg-warn-soft text-warn" : "bg-info-soft text-info",
      )}
    >
      {t("catchingUp", { text })}
      <span
        aria-hidden
        className="keep-color absolute bottom-0 left-0 h-0.5 bg-current"
        style={{ width: `${Math.round(progress.done * 100)}%` }}
      />
    </span>
  );
}
