"use client";
// The answer: charts with overview and figures, or a table. Says what is missing where there is no answer.
import { ChartSpline, SearchX } from "lucide-react";
import { useTranslations } from "next-intl";
import dynamic from "next/dynamic";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { moments } from "@/charts/range/zoned-ticks";
import type { TimeSpan } from "@/charts/types";
import { Button } from "@/components/button";
import { LoadError } from "@/components/load-error";
import { Banner, NoticeState } from "@/components/notice-state";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { Can } from "@/lib/permissions";
import { DAYS, earlier } from "./comparison";
import { useDateLocale } from "./date-locale";
import { Legend } from "./legend";
import { NotesList } from "./notes/notes-list";
import { notesQuery } from "./notes/queries";
import { Overview } from "./overview";
import type { Question } from "./question";
import { absolute, zoomedOut, type Range } from "./ranges";
import type { ChosenSeries, ChosenState } from "./use-chosen";
import { useLines } from "./use-lines";

type ResultsProps = {
  api: ApiClient;
  can: Can;
  question: Question;
  span: TimeSpan;
  zone: string;
  chosen: ChosenState;
  deviceName: (id: string) => string;
  /** `isStep`: see `Explore`. */
  onAsk: (change: Partial<Question>, isStep?: boolean) => void;
  onRemove: (id: number) => void;
  /** Opens the tree on narrow screens. */
  onChoose: () => void;
};

// The chart library is loaded when the first series is chosen.
const ChartStack = dynamic(() => import("./charts/chart-stack"), {
  ssr: false,
  loading: () => <ChartsSkeleton />,
});
const ReadingsTable = dynamic(() => import("./table/readings-table"), {
  ssr: false,
  loading: () => <ChartsSkeleton />,
});

export function Results(props: ResultsProps) {
  const { question, chosen } = props;
  const t = useTranslations("explore");
  return (
    <section
      aria-label={t(`view.${question.view}`)}
      className="min-w-0 rounded-[10px] border bg-surface"
      data-testid="results"
    >
      {question.series.length === 0 ? (
        <NoticeState
          icon={ChartSpline}
          title={t("nothing.title")}
          className="min-h-[28rem]"
          action={
            <Button tone="primary" className="lg:hidden" onClick={props.onChoose}>
              {t("tree.open")}
            </Button>
          }
        >
          <span className="max-lg:hidden">{t("nothing.detail")}</span>
          <span className="lg:hidden">{t("nothing.detailPhone")}</span>
        </NoticeState>
      ) : chosen.error && chosen.found.length === 0 ? (
        <LoadError error={chosen.error} what={t("failed.subject")} onRetry={chosen.retry} />
      ) : chosen.found.length === 0 ? (
        chosen.isLoading ? (
          <ChartsSkeleton />
        ) : (
          <NoticeState icon={SearchX} title={t("nothing.title")} className="min-h-[28rem]" />
        )
      ) : (
        <Answer {...props} />
      )}
    </section>
  );
}

function Answer({ api, can, question, span, zone, chosen, deviceName, onAsk, onRemove }: ResultsProps) {
  const t = useTranslations("explore");
  // The ranges before each zoom, so that a double-click goes back.
  const [past, setPast] = useState<readonly Range[]>([]);
  const days = DAYS[question.compare];
  const before = useMemo(
    () => (days > 0 ? { ...earlier(span, days, zone), days } : null),
    [span, days, zone],
  );
  const found = useLines(api, { chosen: chosen.found, span, earlier: before, zone });
  const devices = useMemo(
    () => [...new Set(chosen.found.map(({ series }) => series.device))],
    [chosen.found],
  );
  const all = useQuery({ ...notesQuery(api, devices, span), placeholderData: keepPreviousData });
  const notes = useMemo(
    () =>
      (all.data ?? []).filter(
        ({ series: about }) => about === null || chosen.found.some(({ series }) => series.id === about),
      ),
    [all.data, chosen.found],
  );
  const noteTimes = useMemo(() => notes.map(({ t: time }) => time), [notes]);
  // A held arrow key is one step of the history, however often it repeats.
  const zoom = ({ from, to }: TimeSpan, isRepeated = false) => {
    if (!isRepeated) setPast([...past, question.range]);
    onAsk({ range: absolute(from, to) }, !isRepeated);
  };
  const back = () => {
    const last = past.at(-1);
    setPast(past.slice(0, -1));
    onAsk({ range: last ?? zoomedOut(span, Date.now() * 1_000) });
  };
  const isLost = found.error !== null && found.failed === chosen.found.length && found.lines.length === 0;
  const isEmpty =
    found.figures !== null && found.figures.size === 0 && (found.earlierFigures?.size ?? 0) === 0;
  return (
    <>
      {found.error && !isLost && (
        <div className="p-3 pb-0">
          <Banner tone="crit" action={<Button onClick={found.retry}>{t("retry")}</Button>}>
            {t("failed.some", { count: Math.max(1, found.failed), reason: explain(found.error) })}
          </Banner>
        </div>
      )}
      {isLost ? (
        // The notes below stay: somebody may be writing one.
        <LoadError error={found.error!} what={t("failed.subject")} onRetry={found.retry} />
      ) : question.view === "table" ? (
        <ReadingsTable
          api={api}
          chosen={chosen.found}
          span={span}
          zone={zone}
          range={JSON.stringify(question.range)}
        />
      ) : isEmpty ? (
        <NoData chosen={chosen.found} span={span} zone={zone} onAsk={onAsk} />
      ) : found.lines.length === 0 ? (
        <ChartsSkeleton />
      ) : (
        <ChartStack
          lines={found.lines}
          readings={found.readings}
          span={span}
          zone={zone}
          compare={question.compare}
          limits={question.limits}
          notes={noteTimes}
          isLoading={found.isLoading}
          onZoom={zoom}
          onBack={back}
        />
      )}
      {question.view === "chart" && (
        <>
          <Overview api={api} first={chosen.found[0]!} span={span} zone={zone} onBrush={zoom} />
          <Legend
            chosen={chosen.found}
            deviceName={deviceName}
            figures={found.figures}
            earlier={found.earlierFigures}
            compare={question.compare}
            onRemove={onRemove}
          />
          <NotesList
            api={api}
            notes={notes}
            error={all.error}
            canWrite={can("annotations.write")}
            devices={devices}
            deviceName={deviceName}
            span={span}
            zone={zone}
          />
          <p className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t px-4 py-2.5 text-xs text-fg-2">
            <span className="flex items-center gap-1.5">
              <span aria-hidden className="keep-color gap-hatch size-3 rounded-[2px] border" />
              {t("chart.noReadings")}
            </span>
            <span className="ml-auto max-sm:hidden">{t("chart.hint")}</span>
          </p>
        </>
      )}
    </>
  );
}

type NoDataProps = {
  chosen: readonly ChosenSeries[];
  span: TimeSpan;
  zone: string;
  onAsk: (change: Partial<Question>) => void;
};

/** Leads to the newest readings, where there are any. */
function NoData({ chosen, span, zone, onAsk }: NoDataProps) {
  const t = useTranslations("explore");
  const locale = useDateLocale();
  const newest = Math.max(...chosen.map(({ series }) => series.latest?.t ?? -Infinity));
  const isKnown = Number.isFinite(newest);
  const length = span.to - span.from;
  return (
    <NoticeState
      icon={SearchX}
      title={t("noData.title")}
      role="status"
      className="min-h-80"
      action={
        <div className="flex flex-wrap justify-center gap-2">
          {isKnown && (
            <Button
              tone="primary"
              data-testid="show-latest"
              onClick={() => onAsk({ range: absolute(newest - length * 0.95, newest + length * 0.05) })}
            >
              {t("noData.latest")}
            </Button>
          )}
          <Button onClick={() => onAsk({ range: zoomedOut(span, Date.now() * 1_000) })}>
            {t("noData.zoomOut")}
          </Button>
        </div>
      }
    >
      {isKnown
        ? t("noData.detail", { moment: moments(locale, zone).format(newest / 1_000) })
        : t("noData.never")}
    </NoticeState>
  );
}

function ChartsSkeleton() {
  const t = useTranslations("explore");
  return (
    <div role="status" aria-label={t("tree.loading")} className="space-y-4 p-4">
      <div className="skeleton h-4 w-40" />
      <div className="skeleton h-72 w-full" />
    </div>
  );
}
