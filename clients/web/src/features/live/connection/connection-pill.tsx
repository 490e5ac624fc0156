"use client";
// The state of the live connection, in one word.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import clsx from "clsx";
import { useSyncExternalStore } from "react";
import { countdownSeconds } from "./reconnect";
import type { LiveFeed } from "../live-feed";
import type { ConnectionState } from "./connection";

type Shown = { state: ConnectionState["kind"] | "paused"; label: string; detail?: string; tone?: string };

const TONES: Record<Shown["state"], string> = {
  live: "bg-ok-soft text-ok",
  connecting: "bg-surface-2 text-fg-2",
  reconnecting: "bg-warn-soft text-warn",
  offline: "bg-crit-soft text-crit",
  paused: "bg-info-soft text-info",
};

const DOTS: Record<Shown["state"], string> = {
  live: "bg-ok-fill live-dot",
  connecting: "bg-fg-3",
  reconnecting: "bg-warn-fill",
  offline: "bg-crit-fill",
  paused: "bg-info",
};

export function ConnectionPill({ feed }: { feed: LiveFeed }) {
  const state = useSyncExternalStore(
    feed.connection.subscribe,
    () => feed.connection.state,
    () => feed.connection.state,
  );
  const tick = useSyncExternalStore(feed.view.subscribe, feed.view.current, feed.view.current);
  const t = useTranslations("common.connection");
  const shown = describe(state, tick.paused, Date.now);
  return (
    <span
      data-testid="connection-pill"
      data-state={shown.state}
      role="status"
      title={shown.tone ? t("leftOut") : undefined}
      className={clsx(
        "inline-flex h-7 items-center gap-1.5 rounded-md px-2.5 text-xs font-medium whitespace-nowrap",
        shown.tone ?? TONES[shown.state],
      )}
    >
      <span className={clsx("keep-color size-1.5 rounded-full", DOTS[shown.state])} aria-hidden />
      {shown.label}
      {/* Hidden from screen readers, which would announce every change. */}
      {shown.detail && (
        <span aria-hidden className="font-normal tabular-nums">
          {shown.detail}
        </span>
      )}
    </span>
  );
}

function describe(state: ConnectionState, paused: boolean, now: () => number): Shown {
  const t = pageTexts("common.connection");
  switch (state.kind) {
    case "live":
      if (paused) return { state: "paused", label: t("paused") };
      if (state.isSlow) return { state: "live", label: t("slow"), tone: "bg-warn-soft text-warn" };
      return {
        state: "live",
        label: t("live"),
        detail: state.rttMs === null ? undefined : `${Math.max(1, state.rttMs)} ms`,
      };
    case "connecting":
      return { state: "connecting", label: t("connecting") };
    case "reconnecting":
      return {
        state: "reconnecting",
        label: t("reconnecting"),
        detail:
          state.atMs === null
            ? pageTexts("common.values")("now")
            : t("inSeconds", { seconds: countdownSeconds(state.atMs, now()) }),
      };
    case "offline":
      return { state: "offline", label: t("offline") };
  }
}
