"use client";
// When a device was connected: three days as a bar, and the newest events.
import { useInfiniteQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { Plug, Unplug } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import type { ConnectionEvent } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { pollUnlessFollowed } from "@/lib/lists/followed-changes";
import { withDecimals } from "@/lib/texts/format";
import { dateTime } from "@/lib/texts/format-time";
import { connectedPart, connectionSpans, durationText, type ConnectionSpan } from "./connection-history";

const PAGE = 100;
const SHOWN = 4;
const DAYS = 3;
const DAY_MS = 86_400_000;
const EVERY_MS = 15_000;
/** The part that was connected is of the time until now. */
const AGES_EVERY_MS = 60_000;

export function ConnectionsPanel({ api, id }: { api: ApiClient; id: string }) {
  const t = useTranslations("devices");
  const [isWhole, setWhole] = useState(false);
  const query = useInfiniteQuery({
    queryKey: ["connections", id],
    queryFn: async ({ pageParam, signal }) => {
      const path = "/api/telemetry/devices/{device}/connections";
      const page = await api.get(path, {
        path: { device: id },
        query: { before: pageParam, limit: PAGE },
        signal,
      });
      return { ...page, loadedAt: Date.now() };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: pollUnlessFollowed(["/devices"], EVERY_MS, AGES_EVERY_MS),
  });
  const events = query.data?.pages.flatMap(({ items }) => items);
  const now = query.data?.pages[0]?.loadedAt ?? 0;
  const spans = connectionSpans(events ?? [], now - DAYS * DAY_MS, now);
  const part = events && connectedPart(spans);
  return (
    <Panel
      title={t("connection")}
      meta={t("lastDays", { count: DAYS })}
      testId="panel-connections"
      actions={
        part != null && (
          <span className="text-xs text-fg-2 tabular-nums">
            {t("partConnected", { part: withDecimals(Math.floor(part * 1_000) / 10, 1) })}
          </span>
        )
      }
    >
      {!events && query.error ? (
        <div role="alert" className="flex flex-wrap items-center gap-3 border-t px-4 py-3 text-ui">
          <span className="text-crit">{explain(query.error)}</span>
          <Button onClick={() => void query.refetch()}>{t("tryAgain")}</Button>
        </div>
      ) : !events ? (
        <div role="status" aria-label={t("loading")} className="border-t p-4">
          <div className="skeleton h-16" />
        </div>
      ) : events.length === 0 ? (
        <p className="border-t px-4 py-3 text-ui text-fg-2">{t("noConnectionIsKnown")}</p>
      ) : (
        <>
          <Band spans={spans} from={now - DAYS * DAY_MS} now={now} />
          <ul aria-label={t("connection")} className="px-4 pb-2">
            {(isWhole ? events : events.slice(0, SHOWN)).map((event, index) => (
              <EventRow key={event.id} event={event} later={events[index - 1]} now={now} />
            ))}
          </ul>
          {!isWhole && events.length > SHOWN ? (
            <More onClick={() => setWhole(true)} text={t("showAllEvents")} />
          ) : (
            query.hasNextPage && (
              <More
                onClick={() => void query.fetchNextPage()}
                text={t("showOlder")}
                isBusy={query.isFetching}
              />
            )
          )}
        </>
      )}
    </Panel>
  );
}

function More({ text, isBusy = false, onClick }: { text: string; isBusy?: boolean; onClick: () => void }) {
  return (
    <div className="border-t px-4 py-2">
      <Button onClick={onClick} disabled={isBusy} data-testid="more-connections">
        {text}
      </Button>
    </div>
  );
}

const COLOURS = { true: "bg-ok-fill", false: "bg-warn-fill", null: "bg-surface-3" } as const;

function Band({ spans, from, now }: { spans: readonly ConnectionSpan[]; from: number; now: number }) {
  const t = useTranslations("devices");
  return (
    <div className="px-4 pb-2">
      <div className="flex h-4 overflow-hidden rounded-[3px]" aria-hidden data-testid="connection-band">
        {spans.map((span) => (
          <span
            key={span.id}
            className={clsx("min-w-0.5", COLOURS[`${span.online}`])}
            style={{ flexGrow: (span.to - span.from) / (now - from), flexBasis: 0 }}
          />
        ))}
      </div>
      <p className="mt-1 flex justify-between text-xs text-fg-3">
        <span>{dateTime(from)}</span>
        <span>{t("now")}</span>
      </p>
    </div>
  );
}

type EventRowProps = { event: ConnectionEvent; later: ConnectionEvent | undefined; now: number };

function EventRow({ event: { at, online }, later, now }: EventRowProps) {
  const t = useTranslations("devices");
  const duration = durationText((later ? Date.parse(later.at) : now) - Date.parse(at));
  const Icon = online ? Plug : Unplug;
  return (
    <li className="flex items-start gap-3 py-2 text-ui" data-testid="connection-event">
      <Icon className={clsx("mt-0.5 size-4 shrink-0", online ? "text-ok" : "text-warn")} aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="block font-medium">{online ? t("connected") : t("disconnected")}</span>
        <span className="block text-xs text-fg-2">
          {later ? t("forDuration", { duration }) : t("soFar", { duration })}
        </span>
      </span>
      <span className="text-xs text-fg-2">
        <When at={at} />
      </span>
    </li>
  );
}
