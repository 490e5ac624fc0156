"use client";
// One bar for each day of a service.
import clsx from "clsx";
import { useTranslations } from "next-intl";
import type { ServiceAvailability } from "@/contracts/http";
import { formatDuration } from "@/lib/texts/format";
import { pageLocale } from "@/lib/texts/page-locale";
import { percentText, shareUp, stateOf, type Day, type DayState } from "./days";

export const DAY_COLORS: Readonly<Record<DayState, string>> = {
  up: "bg-ok-fill",
  short: "bg-warn-fill",
  down: "bg-crit-fill",
  unknown: "bg-surface-3",
};

const DAY_SECONDS = 86_400;

export function DayStrip({ availability }: { availability: ServiceAvailability }) {
  const t = useTranslations("status");
  const { days, service } = availability;
  const share = shareUp(days);
  const percent = share === null ? t("noDays") : percentText(share);
  const count = (...states: DayState[]) => days.filter((day) => states.includes(stateOf(day))).length;
  const label = t("strip", {
    name: t(`watched.${service}`),
    percent,
    down: count("short", "down"),
    unknown: count("unknown"),
  });
  return (
    <span className="flex w-full items-center gap-3 lg:contents">
      <span role="img" aria-label={label} className="flex h-6 min-w-0 flex-1 gap-0.5">
        {days.map((day) => (
          <DayBar key={day.day} day={day} isToday={day === days.at(-1)} />
        ))}
      </span>
      <span
        className="w-20 shrink-0 text-right text-ui font-medium tabular-nums lg:w-auto"
        data-testid={`percent-${service}`}
        aria-hidden
      >
        {percent}
      </span>
    </span>
  );
}

function DayBar({ day, isToday }: { day: Day; isToday: boolean }) {
  const t = useTranslations("status");
  const state = stateOf(day);
  const name = new Date(`${day.day}T00:00:00Z`).toLocaleDateString(pageLocale(), {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  const missing = DAY_SECONDS - day.up_seconds - day.down_seconds;
  const parts = [
    state === "unknown"
      ? t("dayUnknown", { day: name })
      : state === "up"
        ? t("dayUp", { day: name })
        : t("dayDown", { day: name, duration: formatDuration(day.down_seconds * 1e6) }),
    // Today is not over yet.
    state !== "unknown" && !isToday && missing > 60
      ? t("notAllWatched", { duration: formatDuration(missing * 1e6) })
      : "",
  ];
  return (
    <span
      title={parts.filter(Boolean).join(", ")}
      data-state={state}
      className={clsx("keep-color min-w-0 flex-1 rounded-[3px]", DAY_COLORS[state])}
    />
  );
}
