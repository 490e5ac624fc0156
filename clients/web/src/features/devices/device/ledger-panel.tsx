"use client";
// The ledger of a device: what became of every reading that it ever took.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/texts/page-locale";
import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Epoch } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { ledgerQuery } from "../inventory";
import { missingIn, proofText, segmentsOf, sumsOf, type Segment, type Sums } from "./ledger";

const text = (number: number) => number.toLocaleString(numberLocale());

const FILLS: Readonly<Record<Segment["kind"], string>> = {
  stored: "bg-ok-fill",
  refused: "bg-warn-fill",
  dropped: "bg-crit-fill",
  missing: "bg-accent",
};

const FEW = 5;

export function LedgerPanel({ api, id }: { api: ApiClient; id: string }) {
  const t = useTranslations("devices");
  const query = useQuery(ledgerQuery(api, id));
  const sums = query.data && sumsOf(query.data);
  return (
    <Panel
      title={t("completeness")}
      meta={t("whatBecameOfEveryReading")}
      testId="panel-ledger"
      actions={
        <>
          {sums && <Verdict sums={sums} />}
          <Button onClick={() => void query.refetch()} disabled={query.isFetching} data-testid="verify-again">
            {query.isFetching ? t("verifying") : t("verifyAgain")}
          </Button>
        </>
      }
    >
      <PanelContent query={query} skeletonHeight="9rem">
        {(epochs) =>
          epochs.length === 0 ? (
            <p className="px-4 pt-1 pb-4 text-ui text-fg-2">{t("thisDeviceHasSentNo")}</p>
          ) : (
            <Proof epochs={epochs} sums={sumsOf(epochs)} />
          )
        }
      </PanelContent>
    </Panel>
  );
}

function Verdict({ sums }: { sums: Sums }) {
  const t = useTranslations("devices");
  if (!sums.isCounted) return <Badge tone="crit">{t("countsDiffer")}</Badge>;
  return sums.isComplete ? (
    <Badge tone="ok">{t("complete")}</Badge>
  ) : (
    <Badge tone="info">{t("notCompleteYet")}</Badge>
  );
}

function Proof({ epochs, sums }: { epochs: readonly Epoch[]; sums: Sums }) {
  const t = useTranslations("devices");
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? epochs : epochs.slice(0, FEW);
  const parts = [
    ["stored", sums.stored],
    ["refused", sums.refused],
    ["dropped", sums.dropped],
    ["missing", sums.missing],
  ] as const;
  return (
    <>
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-2 border-t px-4 py-3">
        <Term value={sums.produced} word={t("words.produced")} />
        {parts.map(([kind, value], index) => (
          <div key={kind} className="flex items-baseline gap-x-4">
            <span className="text-fg-3" aria-hidden>
              {index === 0 ? "=" : "+"}
            </span>
            <Term value={value} word={t(`words.${kind}`)} fill={FILLS[kind]} />
          </div>
        ))}
      </div>
      <ul className="divide-y border-t" aria-label={t("epochs")}>
        {shown.map((epoch, index) => (
          <EpochRow key={epoch.epoch} epoch={epoch} isNewest={index === 0} />
        ))}
      </ul>
      <div className="flex flex-wrap items-center gap-2 border-t px-4 py-2.5 text-ui">
        <p className="min-w-0 flex-1 basis-64" data-testid="proof">
          {proofText(sums)}
          {sums.removed > 0 && (
            <span className="text-fg-2"> {t("removedLater", { count: sums.removed })}</span>
          )}
        </p>
        {epochs.length > FEW && (
          <Button onClick={() => setWhole(!isWhole)}>
            {isWhole ? t("showFewer") : t("showAllEpochs", { count: epochs.length })}
          </Button>
        )}
      </div>
    </>
  );
}

function Term({ value, word, fill }: { value: number; word: string; fill?: string }) {
  return (
    <span>
      <span className="block text-[17px] leading-6 font-semibold tabular-nums">{text(value)}</span>
      <span className="flex items-center gap-1.5 text-xs text-fg-2">
        {fill && <span className={clsx("keep-color size-2 rounded-[2px]", fill)} aria-hidden />}
        {word}
      </span>
    </span>
  );
}

function EpochRow({ epoch, isNewest }: { epoch: Epoch; isNewest: boolean }) {
  const t = useTranslations("devices");
  const missing = missingIn(epoch);
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 py-2.5 text-ui sm:grid-cols-[9rem_minmax(0,1fr)_8rem]">
      <span className="min-w-0">
        {epoch.ord === 0 ? t("summaries") : isNewest ? t("newestRun") : t("earlierRun")}
        <span className="block truncate font-mono text-2xs text-fg-2" title={epoch.epoch}>
          {epoch.epoch}
        </span>
      </span>
      <span
        className="order-last col-span-2 flex h-3 w-full gap-px overflow-hidden rounded-[3px] bg-surface-3 sm:order-none sm:col-span-1"
        aria-hidden
      >
        {segmentsOf(epoch).map(({ kind, count, share }) => (
          <span
            key={kind}
            title={`${text(count)} ${t(`words.${kind}`)}`}
            className={clsx("keep-color h-full min-w-[3px]", FILLS[kind])}
            style={{ flexGrow: share }}
          />
        ))}
      </span>
      <span className="text-right tabular-nums">
        {text(epoch.next)}
        <span className={clsx("block text-2xs", epoch.complete ? "text-ok" : "text-fg-2")}>
          {epoch.complete
            ? t("isComplete")
            : missing > 0
              ? t("missingCount", { count: missing })
              : epoch.counted
                ? t("beingSettled")
                : t("countsDifferHere")}
        </span>
      </span>
    </li>
  );
}
