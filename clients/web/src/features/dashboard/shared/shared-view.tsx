"use client";
// A dashboard for people without an account: its panels and a range, and nothing that can be changed.
import { LayoutDashboard, Link2Off } from "lucide-react";
import { useEffect, useMemo } from "react";
import { NoticeState } from "@/components/notice-state";
import type { Series, SharedDashboard } from "@/contracts/http";
import { dateTime } from "@/lib/texts/format-time";
import { ConnectionBanner } from "../dashboard-body";
import { Summary } from "../dashboard-header";
import type { Feed } from "../ports";
import { RangePicker } from "../range-picker";
import type { Range, RangeKey } from "../ranges";
import { BoardGrid } from "../boards/board-grid";
import { HistoryNotice } from "../boards/panels/panel-state";
import { feedSelection } from "../boards/resolve";
import { useText } from "../boards/text";

type SharedViewProps = {
  feed: Feed;
  dashboard: SharedDashboard;
  range: Range;
  onRange: (key: RangeKey) => void;
};

export function SharedView({ feed, dashboard, range, onRange }: SharedViewProps) {
  const t = useText();
  const { panels, devices } = useStable({ panels: dashboard.panels, devices: dashboard.devices });
  const listed = useStable(dashboard.series.map((one): Series => ({ ...one, latest: null })));
  const seriesById = useMemo(() => new Map(listed.map((one) => [one.id, one])), [listed]);
  const selection = useMemo(() => feedSelection(panels, seriesById, devices), [panels, seriesById, devices]);
  useEffect(() => feed.select({ ...selection, rangeUs: range.us }), [feed, selection, range.us]);
  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-end gap-x-4 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <h1
            dir="auto"
            className="min-w-0 text-[20px] leading-7 font-semibold tracking-[-0.015em] wrap-anywhere"
            data-testid="board-title"
          >
            {dashboard.name}
          </h1>
          <Summary feed={feed} series={selection.series} />
          <p className="text-xs text-fg-3">
            {t("sharedUntil", { time: dateTime(Date.parse(dashboard.expires_at)) })}
          </p>
        </div>
        <RangePicker value={range.key} onChange={onRange} />
      </div>
      <ConnectionBanner feed={feed} />
      <HistoryNotice feed={feed} />
      {panels.length === 0 ? (
        <NoticeState icon={LayoutDashboard} title={t("empty")} role="status" className="min-h-[50dvh]">
          {t("emptyForOthers")}
        </NoticeState>
      ) : (
        <BoardGrid feed={feed} panels={panels} seriesById={seriesById} devices={devices} rangeUs={range.us} />
      )}
    </div>
  );
}

/** Why a link shows nothing. `unframed`: its creator did not allow frames. */
export function LinkNotice({ reason }: { reason: "ended" | "incomplete" | "unframed" }) {
  const t = useText();
  return (
    <NoticeState
      icon={Link2Off}
      title={t(`linkNotice.${reason}.title`)}
      tone="warn"
      role="alert"
      className="min-h-[70dvh]"
    >
      <span data-testid={`link-${reason}`}>{t(`linkNotice.${reason}.hint`)}</span>
    </NoticeState>
  );
}

/** The same object while its content is equal. An answer comes every 30 s, and panels must not render for it. */
function useStable<T>(value: T): T {
  const text = JSON.stringify(value);
  return useMemo(() => JSON.parse(text) as T, [text]);
}
