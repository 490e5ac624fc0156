"use client";
// What a panel shows instead of readings, or above them.
import { Banner } from "@/components/notice-state";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { useHistoryState } from "../../feed-hooks";
import type { Feed } from "../../ports";
import { useText } from "../text";

type PanelStateProps = {
  title: string;
  testId: string;
  children: string;
  action?: { label: string; onClick: () => void };
};

/** A panel without readings: what is the case, and one action. */
export function PanelState({ title, testId, children, action }: PanelStateProps) {
  return (
    <Panel title={title} testId={testId} className="h-full overflow-auto">
      <div className="flex flex-1 flex-col items-center justify-center gap-2 px-4 pb-4 text-center text-ui text-fg-2">
        <p>{children}</p>
        {action && <Button onClick={action.onClick}>{action.label}</Button>}
      </div>
    </Panel>
  );
}

export function PanelSkeleton({ title }: { title: string }) {
  const t = useText();
  return (
    <Panel title={title} className="h-full">
      <div role="status" aria-label={t("loading")} className="min-h-0 flex-1 px-4 pb-4">
        <div className="skeleton size-full" />
      </div>
    </Panel>
  );
}

/** A line that says that some series of the panel were deleted. */
export function MissingSeries({ count }: { count: number }) {
  const t = useText();
  if (count === 0) return null;
  return (
    <p role="status" className="px-4 pb-1 text-xs text-warn" data-testid="missing-series">
      {t("seriesDeleted", { count })}
    </p>
  );
}

/** Above the panels: why stored readings are missing. */
export function HistoryNotice({ feed }: { feed: Feed }) {
  const t = useText();
  const history = useHistoryState(feed);
  if (history.status === "denied") return <Banner tone="crit">{t("historyDenied")}</Banner>;
  if (history.status !== "failed") return null;
  return (
    <Banner
      tone="crit"
      action={
        <Button onClick={() => void feed.reload()} data-testid="retry-history">
          {t("retry")}
        </Button>
      }
    >
      {t("historyFailed", { detail: history.detail })}
    </Banner>
  );
}
