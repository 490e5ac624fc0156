"use client";
// What can be taken out of the page: files, a picture, a link. Shows how far an export is.
import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import {
  ChevronDown,
  Download,
  FileBox,
  FileSpreadsheet,
  FileText,
  Image as Picture,
  Link2,
  X,
} from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "@/components/menu";
import type { TimeSpan } from "@/charts/types";
import type { ApiClient } from "@/lib/api/api-client";
import { copyText } from "@/lib/copy-text";
import { formatBrief, valueText } from "@/lib/texts/format";
import { shownUnit } from "@/lib/texts/units";
import type { Can } from "@/lib/permissions";
import { useDateLocale } from "../date-locale";
import { countOf, figuresOf } from "../lines";
import { statsQuery } from "../queries";
import { encode, type Question } from "../question";
import { spanTexts } from "../span-text";
import { useSubtitle } from "../subtitle";
import type { ChosenSeries } from "../use-chosen";
import { minutesIn } from "./export-files";
import type { Decimal } from "./minute-csv";
import { useExport, type ExportState } from "./use-export";

type ExportMenuProps = {
  api: ApiClient;
  can: Can;
  chosen: readonly ChosenSeries[];
  span: TimeSpan;
  zone: string;
  question: Question;
};

export function ExportMenu({ api, can, chosen, span, zone, question }: ExportMenuProps) {
  const t = useTranslations("explore");
  const locale = useDateLocale();
  const [isOpen, setOpen] = useState(false);
  const [decimal, setDecimal] = useState<Decimal>(locale === "de" ? "comma" : "point");
  const [copied, setCopied] = useState<boolean | null>(null);
  const { state, run, picture, dismiss } = useExport(api);
  const ids = chosen.map(({ series }) => series.id);
  const stats = useQuery({ ...statsQuery(api, ids, span), enabled: isOpen && ids.length > 0 });
  const rows = stats.data ? countOf(figuresOf(stats.data)) : null;
  const text = t("range.span", spanTexts(span, zone, locale));
  const subtitle = useSubtitle(chosen, question.compare);
  const canExport = can("telemetry.export");
  const isBusy = state.kind === "running";
  const request = { chosen, span, zone, decimal };
  // The link names the zone, so that it shows the same days elsewhere.
  const copyLink = async () => {
    const link = `${location.origin}/explore?${encode({ ...question, zone })}`;
    setCopied(await copyText(link));
  };
  const rowsText = (count: number | null) => (count === null ? "" : t("export.rows", { count }));
  return (
    <>
      <Button
        size="icon"
        aria-label={t("copyLink")}
        title={t("copyLink")}
        data-testid="copy-link"
        onClick={() => void copyLink()}
      >
        <Link2 className="size-4" aria-hidden />
      </Button>
      <Menu open={isOpen} onOpenChange={setOpen}>
        <MenuTrigger asChild>
          <Button disabled={chosen.length === 0} data-testid="export">
            <Download className="size-4" aria-hidden />
            {t("export.button")}
            <ChevronDown className="size-4 text-fg-3" aria-hidden />
          </Button>
        </MenuTrigger>
        <MenuContent align="end" className="w-80 max-w-[calc(100vw-2rem)]">
          <MenuLabel>{t("export.summary", { count: chosen.length, span: text })}</MenuLabel>
          {!canExport && (
            <MenuLabel className="whitespace-normal text-warn">
              {t("export.denied", { permission: "telemetry.export" })}
            </MenuLabel>
          )}
          {chosen.some(({ series }) => shownUnit(series.unit) !== series.unit) && (
            <MenuLabel className="whitespace-normal" data-testid="export-units">
              {t("export.units")}
            </MenuLabel>
          )}
          <FileItem
            icon={FileText}
            label={t("export.csv")}
            detail={rowsText(rows)}
            testId="export-csv"
            isDisabled={!canExport || isBusy}
            onSelect={() => void run("csv", request)}
          />
          <FileItem
            icon={FileSpreadsheet}
            label={t("export.minutes")}
            detail={rowsText(minutesIn(span))}
            testId="export-minutes"
            isDisabled={!canExport || isBusy}
            onSelect={() => void run("minutes", request)}
          />
          <FileItem
            icon={FileBox}
            label={t("export.parquet")}
            detail={rowsText(rows)}
            testId="export-parquet"
            isDisabled={!canExport || isBusy}
            onSelect={() => void run("parquet", request)}
          />
          <FileItem
            icon={Picture}
            label={t("export.png")}
            detail=""
            testId="export-png"
            isDisabled={isBusy}
            onSelect={() => void picture(`${subtitle} · ${text} (${zone})`, request)}
          />
          <MenuSeparator />
          <FileItem
            icon={Link2}
            label={t("export.link")}
            detail=""
            testId="export-link"
            isDisabled={false}
            onSelect={() => void copyLink()}
          />
          <MenuSeparator />
          <MenuLabel>{t("export.decimal")}</MenuLabel>
          <MenuRadioGroup value={decimal} onValueChange={(value) => setDecimal(value as Decimal)}>
            {(["point", "comma"] as const).map((one) => (
              <MenuRadioItem key={one} value={one} onSelect={(event) => event.preventDefault()}>
                {t(`export.${one}`)}
              </MenuRadioItem>
            ))}
          </MenuRadioGroup>
        </MenuContent>
      </Menu>
      <Notice state={state} rows={rows} onDismiss={dismiss} />
      {copied !== null && state.kind === "idle" && (
        <Toast isProblem={!copied} onDismiss={() => setCopied(null)}>
          {copied ? t("copied") : t("copyFailed")}
        </Toast>
      )}
    </>
  );
}

type FileItemProps = {
  icon: typeof Download;
  label: string;
  detail: string;
  testId: string;
  isDisabled: boolean;
  onSelect: () => void;
};

function FileItem({ icon: Icon, label, detail, testId, isDisabled, onSelect }: FileItemProps) {
  return (
    <MenuItem
      disabled={isDisabled}
      onSelect={onSelect}
      data-testid={testId}
      className="data-disabled:cursor-not-allowed data-disabled:opacity-50"
    >
      <Icon className="size-4 shrink-0 text-fg-2" aria-hidden />
      <span className="flex-1">{label}</span>
      <span className="text-xs text-fg-2 tabular-nums">{detail}</span>
    </MenuItem>
  );
}

function Notice({
  state,
  rows,
  onDismiss,
}: {
  state: ExportState;
  rows: number | null;
  onDismiss: () => void;
}) {
  const t = useTranslations("explore.export");
  const size = (bytes: number) => valueText(formatBrief(bytes, { type: "int", unit: "B" }));
  if (state.kind === "idle") return null;
  if (state.kind === "running") {
    const { progress } = state;
    const values = { rows: progress.rows ?? 0, size: size(progress.bytes) };
    return (
      <Toast isProblem={false} stop={{ label: t("stop"), onStop: state.stop }}>
        {progress.rows === null
          ? t("runningBytes", values)
          : rows === null
            ? t("running", values)
            : t("runningOf", { ...values, count: Math.max(rows, progress.rows) })}
      </Toast>
    );
  }
  if (state.kind === "done") {
    const { name, progress } = state;
    const values = { name, size: size(progress.bytes) };
    return (
      <Toast isProblem={false} onDismiss={onDismiss}>
        {progress.rows === null ? t("doneBytes", values) : t("done", { ...values, rows: progress.rows })}
      </Toast>
    );
  }
  return (
    <Toast isProblem={state.kind === "failed"} onDismiss={onDismiss}>
      {state.kind === "failed" ? state.text : t("stopped")}
    </Toast>
  );
}

type ToastProps = {
  isProblem: boolean;
  children: string;
  onDismiss?: () => void;
  stop?: { label: string; onStop: () => void };
};

/** A message over the lower edge of the page. It stays until it is closed. */
function Toast({ isProblem, children, onDismiss, stop }: ToastProps) {
  const t = useTranslations("explore");
  return (
    <div
      role={isProblem ? "alert" : "status"}
      data-testid="export-notice"
      className={clsx(
        "fixed right-4 bottom-4 left-4 z-30 ml-auto flex max-w-md items-center gap-3 rounded-[10px] border bg-surface px-4 py-3 text-ui tabular-nums shadow-pop",
        isProblem && "text-crit",
      )}
    >
      <span className="min-w-0 flex-1 wrap-anywhere">{children}</span>
      {stop && <Button onClick={stop.onStop}>{stop.label}</Button>}
      {onDismiss && (
        <Button tone="ghost" size="icon" aria-label={t("close")} onClick={onDismiss}>
          <X className="size-4" aria-hidden />
        </Button>
      )}
    </div>
  );
}
