"use client";
// The explorer: any series of any device at any time. The address holds the whole question.
import { useQuery } from "@tanstack/react-query";
import { Bookmark, LayoutDashboard, ListTree } from "lucide-react";
import { useTranslations } from "next-intl";
import { useMemo, useState } from "react";
import { Button } from "@/components/button";
import { lazyPart } from "@/components/lazy-part";
import { Banner } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { ExportMenu } from "./export/export-menu";
import { byUnit } from "./lines";
import { devicesQuery } from "./queries";
import { decode, EMPTY, encode, MOST_SERIES, type Decoded, type Question } from "./question";
import { refreshUs, spanOf, usualZone } from "./ranges";
import { Results } from "./results";
import { useSubtitle } from "./subtitle";
import { Toolbar } from "./toolbar/toolbar";
import { SeriesSheet } from "./tree/series-sheet";
import { SeriesTree } from "./tree/series-tree";
import { useChosen } from "./use-chosen";
import { useNow } from "./use-now";

const SavedDialog = lazyPart(() => import("./saved/saved-dialog"));
const BoardDialog = lazyPart(() => import("./saved/board-dialog"));

type ExploreProps = {
  api: ApiClient;
  accountId: string;
  can: Can;
  /** The question of the address. */
  asked: Decoded;
  /** Changes the address. `isStep`: the back button returns to the question before. */
  onAsk: (question: Question, isStep: boolean) => void;
};

export function Explore({ api, accountId, can, asked, onAsk }: ExploreProps) {
  const t = useTranslations("explore");
  const { question, unreadable } = asked;
  const [isSheetOpen, setSheetOpen] = useState(false);
  const [dialog, setDialog] = useState<"saved" | "board" | null>(null);
  const { range } = question;
  const now = useNow(range.kind === "preset" ? refreshUs(range.key) : null);
  const { from, to } = spanOf(range, now);
  const span = useMemo(() => ({ from, to }), [from, to]);
  const zone = question.zone ?? usualZone();
  const chosen = useChosen(api, question.series);
  const devices = useQuery(devicesQuery(api));
  const units = useMemo(
    () =>
      byUnit(chosen.found)
        .filter(({ isSwitch }) => !isSwitch)
        .map(({ unit }) => unit),
    [chosen.found],
  );
  const subtitle = useSubtitle(chosen.found, question.compare);

  const ask = (change: Partial<Question>, isStep = true) => onAsk({ ...question, ...change }, isStep);
  const remove = (ids: readonly number[]) =>
    ask({ series: question.series.filter(({ id }) => !ids.includes(id)) });
  const toggle = (series: Series) => {
    if (question.series.some(({ id }) => id === series.id)) return remove([series.id]);
    if (question.series.length >= MOST_SERIES) return;
    ask({ series: [...question.series, { device: series.device, id: series.id }] });
  };
  const tree = (
    <SeriesTree
      api={api}
      chosen={question.series}
      onToggle={toggle}
      onClear={() => ask({ series: EMPTY.series })}
    />
  );
  return (
    <div className="space-y-4">
      <PageHeader
        title={t("title")}
        subtitle={<span data-testid="subtitle">{subtitle}</span>}
        actions={
          <>
            <Segmented
              label={t("view.label")}
              options={[
                { value: "chart", label: t("view.chart") },
                { value: "table", label: t("view.table") },
              ]}
              value={question.view}
              onChange={(view) => ask({ view })}
              testId="view"
            />
            <Button onClick={() => setDialog("saved")} data-testid="saved-button">
              <Bookmark className="size-4" aria-hidden />
              {t("saved.button")}
            </Button>
            {chosen.found.length > 0 && can("dashboards.own") && (
              <Button onClick={() => setDialog("board")} data-testid="to-board">
                <LayoutDashboard className="size-4" aria-hidden />
                {t("toBoard.button")}
              </Button>
            )}
            <ExportMenu
              api={api}
              can={can}
              chosen={chosen.found}
              span={span}
              zone={zone}
              question={question}
            />
          </>
        }
      />
      {dialog === "saved" && (
        <SavedDialog
          api={api}
          can={can}
          accountId={accountId}
          query={encode(question)}
          hasSeries={question.series.length > 0}
          onOpenQuery={(query) => onAsk(decode(query).question, true)}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "board" && (
        <BoardDialog
          api={api}
          can={can}
          accountId={accountId}
          chosen={chosen.found}
          limits={question.limits}
          onClose={() => setDialog(null)}
        />
      )}
      {unreadable.length > 0 && (
        <Banner
          tone="warn"
          action={<Button onClick={() => onAsk(question, false)}>{t("unreadable.dismiss")}</Button>}
        >
          {t("unreadable.text", {
            parts: unreadable.map((part) => t(`unreadable.${part}`, { most: MOST_SERIES })).join(", "),
          })}
        </Banner>
      )}
      {chosen.unknown.length > 0 && (
        <Banner
          tone="warn"
          action={<Button onClick={() => remove(chosen.unknown)}>{t("unknown.remove")}</Button>}
        >
          {t("unknown.text", { count: chosen.unknown.length })}
        </Banner>
      )}
      <Toolbar question={question} span={span} zone={zone} units={units} onAsk={ask} />
      <Button className="w-full lg:hidden" onClick={() => setSheetOpen(true)} data-testid="open-tree">
        <ListTree className="size-4" aria-hidden />
        {t("tree.open")}
      </Button>
      {isSheetOpen && <SeriesSheet onOpenChange={setSheetOpen}>{tree}</SeriesSheet>}
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[264px_minmax(0,1fr)]">
        <section
          aria-label={t("tree.title")}
          className="sticky top-[68px] hidden max-h-[calc(100dvh-84px)] min-h-96 flex-col rounded-[10px] border bg-surface lg:flex"
        >
          {!isSheetOpen && tree}
        </section>
        <Results
          api={api}
          can={can}
          question={question}
          span={span}
          zone={zone}
          chosen={chosen}
          deviceName={(id) => devices.data?.find((device) => device.id === id)?.name ?? id}
          onAsk={ask}
          onRemove={(id) => remove([id])}
          onChoose={() => setSheetOpen(true)}
        />
      </div>
    </div>
  );
}

export function ExploreSkeleton() {
  const t = useTranslations("explore");
  return (
    <div className="space-y-4">
      <PageHeader title={t("title")} subtitle={t("subtitle.empty")} />
      <div className="skeleton h-8 w-full max-w-3xl" />
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-[264px_minmax(0,1fr)]">
        <div className="hidden h-[36rem] rounded-[10px] border bg-surface lg:block" />
        <div className="h-[36rem] rounded-[10px] border bg-surface" />
      </div>
    </div>
  );
}
