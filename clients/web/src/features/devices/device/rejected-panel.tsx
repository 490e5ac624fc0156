"use client";
// The messages of a device that were rejected, by reason, with a sample to download.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import { pageTexts } from "@/i18n/page-texts";
import type { QuarantineReason } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { numberLocale, pageLocale } from "@/lib/texts/page-locale";
import { saveFile } from "@/lib/save-file";

const PAGE = 20;
const EVERY_MS = 60_000;

/** `count`: all rejected messages of the device. */
export function RejectedPanel({ api, id, count }: { api: ApiClient; id: string; count: number }) {
  const t = useTranslations("devices");
  const query = useInfiniteQuery({
    queryKey: ["rejected", id],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/telemetry/quarantine/reasons", {
        query: { device: id, cursor: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: EVERY_MS,
  });
  const reasons = query.data?.pages.flatMap(({ items }) => items);
  return (
    <Panel title={t("rejectedMessages")} meta={count.toLocaleString(numberLocale())} testId="panel-rejected">
      {!reasons && query.error ? (
        <div role="alert" className="flex flex-wrap items-center gap-3 border-t px-4 py-3 text-ui">
          <span className="text-crit">{explain(query.error)}</span>
          <Button onClick={() => void query.refetch()}>{t("tryAgain")}</Button>
        </div>
      ) : !reasons ? (
        <div role="status" aria-label={t("loading")} className="border-t p-4">
          <div className="skeleton h-16" />
        </div>
      ) : (
        <>
          <p className="border-t px-4 pt-3 text-xs text-fg-2">{t("rejectedWhy")}</p>
          <ul aria-label={t("rejectedMessages")} className="px-4 pb-2">
            {reasons.map((reason) => (
              <Reason key={reason.id} api={api} reason={reason} />
            ))}
          </ul>
          {query.hasNextPage && (
            <div className="border-t px-4 py-2">
              <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetching}>
                {t("showOlderReasons")}
              </Button>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}

/** The service explains in English. The other languages have a sentence for each code, and the detail as it is. */
function textOf({ code, detail, text }: QuarantineReason): string {
  const t = pageTexts("devices");
  const known = `rejectedCodes.${code}` as Parameters<typeof t.has>[0];
  if (pageLocale() === "en" || !t.has(known)) return text;
  return detail
    ? `${t(known as "rejectedCodes.unreadable")} (${detail})`
    : t(known as "rejectedCodes.unreadable");
}

function Reason({ api, reason }: { api: ApiClient; reason: QuarantineReason }) {
  const t = useTranslations("devices");
  const [error, setError] = useState<string | null>(null);
  const { newest } = reason;
  const download = async (message: number) => {
    setError(null);
    try {
      const path = "/api/telemetry/quarantine/{number}";
      saveFile(await api.getFile(path, { path: { number: message } }), `rejected-${message}.bin`);
    } catch (failure) {
      setError(explain(failure));
    }
  };
  return (
    <li className="flex items-start gap-3 py-2 text-ui" data-testid="rejected-reason">
      <span className="min-w-0 flex-1">
        <span className="block wrap-anywhere">{textOf(reason)}</span>
        <span className="block text-xs text-fg-2">
          {t("messageCount", { count: reason.n })}, <When at={reason.last_at} />
          <span className="ml-2 font-mono wrap-anywhere">{reason.address}</span>
        </span>
        {error && (
          <span role="alert" className="block text-xs text-crit">
            {error}
          </span>
        )}
      </span>
      {newest !== null && (
        <Button onClick={() => void download(newest)} data-testid="download-rejected">
          <Download className="size-4" aria-hidden />
          {t("downloadNewest")}
        </Button>
      )}
    </li>
  );
}
