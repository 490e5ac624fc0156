"use client";
// Every series of the device in one list: recent course, latest value, state.
import { Badge } from "@/components/badge";
import { Panel } from "@/components/panel";
import type { Series } from "@/contracts/http";
import { useCoarseNow } from "./feed-hooks";
import { formatBrief, formatDuration, formatValue, spoken } from "./format";
import type { Feed } from "./ports";
import { sparkPath } from "./spark-path";
import { Sparkline } from "./sparkline";
import { isStale } from "./staleness";

type SeriesTableProps = { feed: Feed; series: readonly Series[]; sparkUs: number };

const WIDTH = 90;
const HEIGHT = 20;

export function SeriesTable({ feed, series, sparkUs }: SeriesTableProps) {
  const to = useCoarseNow(feed);
  const window = { from: to - sparkUs, to };
  return (
    <Panel title="Series" meta={String(series.length)} testId="series-table" className="h-full">
      <div
        className="max-h-[27rem] overflow-y-auto border-t"
        tabIndex={0}
        role="region"
        aria-label="List of series"
      >
        <table className="w-full table-fixed text-ui">
          <colgroup>
            <col className="w-[38%]" />
            <col className="w-[16%]" />
            <col className="w-[24%]" />
            <col className="w-[22%]" />
          </colgroup>
          <thead className="sr-only">
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Recent course</th>
              <th scope="col">Latest value</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {series.map((one) => {
              const latest = feed.latest(one.id);
              const ageUs = latest ? Math.max(0, to - latest.t) : 0;
              const stale = latest !== null && isStale(ageUs, one.interval_us);
              const value = latest?.v ?? null;
              const shown = formatBrief(value, one);
              const path = sparkPath(feed.samples(one.id), feed.gapTest(one.id), window, WIDTH, HEIGHT);
              return (
                <tr key={one.id} className="h-8 border-b last:border-b-0">
                  <th scope="row" className="truncate pl-4 text-left font-normal" title={one.name}>
                    {one.display_name}
                  </th>
                  <td className="px-1">
                    <Sparkline
                      path={path}
                      width={WIDTH}
                      height={HEIGHT}
                      color="var(--fg-3)"
                      className="h-5 w-full"
                    />
                  </td>
                  <td
                    className="truncate pr-2 text-right whitespace-nowrap tabular-nums"
                    title={spoken(formatValue(value, one))}
                  >
                    {shown.text} <span className="text-xs text-fg-3">{shown.unit}</span>
                  </td>
                  <td className="pr-4 text-right">
                    <StateBadge hasData={latest !== null} stale={stale} ageUs={ageUs} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function StateBadge({ hasData, stale, ageUs }: { hasData: boolean; stale: boolean; ageUs: number }) {
  if (!hasData) return <Badge tone="neutral">No data</Badge>;
  if (stale) return <Badge tone="warn">Stale {formatDuration(ageUs)}</Badge>;
  return <Badge tone="ok">Current</Badge>;
}
