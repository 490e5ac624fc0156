"use client";
// The dashboard of one device: notices, tiles, charts and the list of series.
import { useTranslations } from "next-intl";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { Button } from "@/components/button";
import { Banner } from "@/components/notice-state";
import type { Device, Series } from "@/contracts/http";
import type { Backlogs } from "@/lib/readings/backlog";
import { ChartPanel } from "./series/chart-panel";
import { DashboardHeader } from "./dashboard-header";
import { browserScheduler } from "@/charts/drawing/browser-scheduler";
import { useConnectionKind, useHistoryState } from "./feed-hooks";
import { groupSeries, type Group } from "./series/groups";
import { bySignificance } from "./series/order";
import { seriesColor } from "@/charts/palette";
import type { Feed } from "./ports";
import type { Range, RangeKey } from "./ranges";
import { SeriesTable } from "./series/series-table";
import { Tile } from "./series/tile";

type DashboardBodyProps = {
  feed: Feed;
  backlogs: Backlogs;
  device: Device;
  series: readonly Series[];
  range: Range;
  onRange: (key: RangeKey) => void;
  switcher: ReactNode;
  onKiosk: () => void;
};

// One row on a wide screen, three on a phone. A button shows the others.
const FIRST_TILES = 6;

export function DashboardBody({
  feed,
  backlogs,
  device,
  series,
  range,
  onRange,
  switcher,
  onKiosk,
}: DashboardBodyProps) {
  const t = useTranslations("dashboard");
  const [areAllTilesShown, setAllTilesShown] = useState(false);
  const groups = useMemo(() => groupSeries(series), [series]);
  const colors = useMemo(() => colorsOf(groups), [groups]);
  const ordered = useMemo(() => bySignificance(series), [series]);
  const tiles = areAllTilesShown ? ordered : ordered.slice(0, FIRST_TILES);
  const scheduler = browserScheduler();
  const [first, ...rest] = groups;
  return (
    <>
      <DashboardHeader
        feed={feed}
        backlogs={backlogs}
        device={device}
        series={series}
        rangeKey={range.key}
        onRange={onRange}
        switcher={switcher}
        onKiosk={onKiosk}
      />
      <Notices feed={feed} />
      <h2 className="sr-only">{t("newestValues")}</h2>
      <div className="grid grid-cols-2 gap-3 md:grid-cols-3 min-[87.5rem]:grid-cols-6">
        {tiles.map((one) => (
          <Tile
            key={one.id}
            feed={feed}
            series={one}
            color={colors.get(one.id) ?? seriesColor(0)}
            sparkUs={range.us}
          />
        ))}
      </div>
      {ordered.length > FIRST_TILES && (
        <Button
          tone="ghost"
          className="-mt-2 mb-2"
          aria-expanded={areAllTilesShown}
          onClick={() => setAllTilesShown(!areAllTilesShown)}
          data-testid="all-tiles"
        >
          {areAllTilesShown ? t("showFewerValues") : t("showAllLengthValues", { length: ordered.length })}
        </Button>
      )}
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-6">
        {first && (
          <div className="min-w-0 lg:col-span-6 xl:col-span-4">
            <ChartPanel
              key={first.key}
              feed={feed}
              group={first}
              rangeUs={range.us}
              scheduler={scheduler}
              isLarge
            />
          </div>
        )}
        <div className="min-w-0 lg:col-span-6 xl:col-span-2">
          <SeriesTable feed={feed} series={ordered} sparkUs={range.us} />
        </div>
        {rest.map((group, place) => (
          <div key={group.key} className={spanOf(place, rest.length)}>
            <ChartPanel feed={feed} group={group} rangeUs={range.us} scheduler={scheduler} isLarge={false} />
          </div>
        ))}
      </div>
    </>
  );
}

/** Two panels per row. A single last one takes the whole width. */
function spanOf(place: number, count: number): string {
  const isAlone = place === count - 1 && count % 2 === 1;
  return isAlone ? "min-w-0 lg:col-span-6" : "min-w-0 lg:col-span-3";
}

function colorsOf(groups: readonly Group[]): Map<number, string> {
  return new Map(
    groups.flatMap((group) =>
      group.series.map((one, place) => [one.id, seriesColor(group.firstColor + place)] as const),
    ),
  );
}

// The connection pill shows a short break. A longer one also gets a banner.
const BANNER_AFTER_MS = 4_000;

function Notices({ feed }: { feed: Feed }) {
  const t = useTranslations("dashboard");
  const history = useHistoryState(feed);
  return (
    <>
      <ConnectionBanner feed={feed} />
      {(history.status === "failed" || history.status === "denied") && (
        <Banner
          tone="crit"
          action={
            history.status === "failed" ? (
              <Button onClick={() => void feed.reload()} data-testid="retry-history">
                {t("tryAgain")}
              </Button>
            ) : null
          }
        >
          {history.status === "denied"
            ? t("yourAccountHasNoAccess")
            : t("storedReadingsCouldNotBe", { detail: history.detail })}
        </Banner>
      )}
    </>
  );
}

/** Says that the connection is lost, when that lasts. */
export function ConnectionBanner({ feed }: { feed: Feed }) {
  const kind = useConnectionKind(feed);
  const isDown = kind === "reconnecting" || kind === "offline";
  return isDown ? <DisconnectedBanner isOffline={kind === "offline"} /> : null;
}

function DisconnectedBanner({ isOffline }: { isOffline: boolean }) {
  const t = useTranslations("dashboard");
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), BANNER_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isLong) return null;
  return (
    <Banner tone="warn">{isOffline ? t("thisComputerIsOfflineYou") : t("theLiveConnectionIsLost")}</Banner>
  );
}
