"use client";
// The settings of one panel, at the right of the page. The panel shows each change at once.
import clsx from "clsx";
import { Copy, X } from "lucide-react";
import type { RefObject } from "react";
import { Button } from "@/components/button";
import { CHECKBOX, TextField } from "@/components/form/input";
import { UnitNote } from "@/components/form/unit-note";
import { Segmented } from "@/components/segmented";
import type { Series, ShownDevice } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import {
  asKind,
  kindOf,
  KINDS,
  MOST,
  seriesIdsOf,
  withSeries,
  withUsualScale,
  type Panel,
  type PanelOf,
} from "../model";
import { cleanLine, cleanText, panelProblem } from "../problems";
import { useText } from "../text";
import { KIND_ICONS } from "./kind-icons";
import { LimitFields } from "./limit-fields";
import { NumberField } from "./number-field";
import { SeriesChooser } from "./series-chooser";

type PanelSheetProps = {
  api: ApiClient;
  sheetRef: RefObject<HTMLElement | null>;
  panel: Panel;
  series: ReadonlyMap<number, Series> | null;
  devices: readonly ShownDevice[];
  /** `mark`: changes of one field in a row are one step of the undo. */
  onChange: (panel: Panel, mark?: string) => void;
  onDuplicate: () => void;
  onRemove: () => void;
  onClose: () => void;
};

export function PanelSheet({
  api,
  sheetRef,
  panel,
  series,
  devices,
  onChange,
  onDuplicate,
  onRemove,
  onClose,
}: PanelSheetProps) {
  const t = useText();
  const { mostSeries } = kindOf(panel.kind);
  return (
    <aside
      ref={sheetRef}
      aria-label={t("settingsOf", { title: panel.title || t(panel.kind) })}
      data-testid="panel-sheet"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
      className="fixed inset-y-0 right-0 z-30 flex w-full flex-col border-l bg-surface sm:w-[22.5rem] lg:top-[52px]"
    >
      <header className="flex min-h-[52px] items-center gap-2 border-b px-4">
        <h2 className="text-body font-semibold">{t(panel.kind)}</h2>
        <span className="text-xs text-fg-3">{t("size", { w: panel.w, h: panel.h })}</span>
        <Button
          tone="ghost"
          size="icon"
          aria-label={t("closeSettings")}
          className="ml-auto"
          onClick={onClose}
        >
          <X className="size-4" aria-hidden />
        </Button>
      </header>
      <div className="min-h-0 flex-1 space-y-4 overflow-y-auto p-4" key={panel.id}>
        <TextField
          label={t("title")}
          fieldSize="sm"
          maxLength={MOST.title}
          value={panel.title}
          placeholder={t("titleHint")}
          dir="auto"
          data-testid="panel-title"
          onChange={({ target }) =>
            onChange({ ...panel, title: cleanLine(target.value) }, `title:${panel.id}`)
          }
        />
        <KindChoice panel={panel} onChange={onChange} />
        {panel.kind === "text" && (
          <TextArea
            value={panel.text}
            onChange={(text) => onChange({ ...panel, text }, `text:${panel.id}`)}
          />
        )}
        {mostSeries > 0 && (
          <SeriesChooser
            key={panel.kind}
            api={api}
            series={series}
            devices={devices}
            chosen={seriesIdsOf(panel)}
            most={mostSeries}
            hasColors={panel.kind === "chart"}
            onChange={(ids, known) => onChange(withUsualScale(withSeries(panel, ids), known))}
          />
        )}
        <UnitAndDecimals panel={panel} series={series} onChange={onChange} />
        {panel.kind === "chart" && <AxisFields panel={panel} onChange={onChange} />}
        {panel.kind === "gauge" && <GaugeFields panel={panel} onChange={onChange} />}
        {panel.kind === "switch" && <LabelFields panel={panel} onChange={onChange} />}
        {"limits" in panel && (
          <LimitFields
            limits={panel.limits}
            onChange={(limits) => onChange({ ...panel, limits }, `limits:${panel.id}`)}
          />
        )}
        {panel.kind === "chart" && (
          <>
            <Check
              label={t("showTable")}
              isOn={panel.show_table}
              onChange={(show_table) => onChange({ ...panel, show_table })}
            />
            <Check
              label={t("shade")}
              isOn={panel.shade}
              onChange={(shade) => onChange({ ...panel, shade })}
            />
          </>
        )}
        {panel.kind === "number" && (
          <Check
            label={t("showSparkline")}
            isOn={panel.show_sparkline}
            onChange={(show_sparkline) => onChange({ ...panel, show_sparkline })}
          />
        )}
      </div>
      <footer className="flex items-center gap-2 border-t p-4">
        <Button onClick={onDuplicate} data-testid="duplicate-panel">
          <Copy className="size-4" aria-hidden />
          {t("duplicate")}
        </Button>
        <Button tone="danger" onClick={onRemove} data-testid="remove-panel">
          {t("remove")}
        </Button>
        <Button tone="primary" className="ml-auto" onClick={onClose} data-testid="panel-done">
          {t("done")}
        </Button>
      </footer>
    </aside>
  );
}

type Change = (panel: Panel, mark?: string) => void;

function KindChoice({ panel, onChange }: { panel: Panel; onChange: Change }) {
  const t = useText();
  return (
    <div className="space-y-1.5">
      <h3 className="text-ui font-medium">{t("type")}</h3>
      <div role="group" aria-label={t("type")} className="grid grid-cols-6 gap-1.5">
        {KINDS.map(({ kind }) => {
          const Icon = KIND_ICONS[kind];
          return (
            <button
              key={kind}
              type="button"
              aria-pressed={kind === panel.kind}
              aria-label={t(kind)}
              title={t(kind)}
              data-testid={`kind-${kind}`}
              onClick={() => onChange(asKind(panel, kind, { on: t("on"), off: t("off") }))}
              className={clsx(
                "flex h-8 items-center justify-center rounded-[7px] border",
                kind === panel.kind
                  ? "border-accent bg-accent-soft text-accent"
                  : "text-fg-2 hover:bg-surface-2",
              )}
            >
              <Icon className="size-4" aria-hidden />
            </button>
          );
        })}
      </div>
    </div>
  );
}

type UnitProps = { panel: Panel; series: ReadonlyMap<number, Series> | null; onChange: Change };

function UnitAndDecimals({ panel, series, onChange }: UnitProps) {
  const t = useText();
  if (!("decimals" in panel)) return null;
  const [first] = seriesIdsOf(panel);
  const unit = first === undefined ? undefined : series?.get(first)?.unit;
  const own = "unit" in panel ? panel.unit : null;
  return (
    <div className="grid grid-cols-2 items-start gap-3">
      {"unit" in panel && (
        <TextField
          label={t("unit")}
          fieldSize="sm"
          maxLength={32}
          value={panel.unit ?? ""}
          placeholder={unit ? t("unitOfDevice", { unit }) : t("automatic")}
          onChange={({ target }) =>
            onChange({ ...panel, unit: cleanLine(target.value) || null }, `unit:${panel.id}`)
          }
        />
      )}
      <NumberField
        label={t("decimals")}
        value={panel.decimals}
        isOptional
        isWhole
        least={0}
        most={6}
        placeholder={t("automatic")}
        onChange={(decimals) => onChange({ ...panel, decimals }, `decimals:${panel.id}`)}
      />
      <div className="col-span-2 empty:hidden">
        <UnitNote units={[own ?? unit ?? ""]} />
      </div>
    </div>
  );
}

function AxisFields({ panel, onChange }: { panel: PanelOf<"chart">; onChange: Change }) {
  const t = useText();
  const { axis } = panel;
  const problem = panelProblem(panel);
  const set = (change: Partial<typeof axis>) =>
    onChange({ ...panel, axis: { ...axis, ...change } }, `axis:${panel.id}`);
  return (
    <div className="space-y-2">
      <h3 className="text-ui font-medium">{t("axis")}</h3>
      <Segmented
        label={t("axis")}
        testId="axis-mode"
        value={axis.mode}
        onChange={(mode) => set({ mode })}
        options={(["auto", "fixed", "log"] as const).map((value) => ({ value, label: t(`axis_${value}`) }))}
      />
      {axis.mode === "fixed" && (
        <div className="grid grid-cols-2 items-start gap-3">
          <NumberField label={t("least")} value={axis.min} onChange={(min) => min !== null && set({ min })} />
          <NumberField
            label={t("most")}
            value={axis.max}
            onChange={(max) => max !== null && set({ max })}
            problem={problem === "rangeWrong" ? t(problem) : undefined}
          />
        </div>
      )}
      {axis.mode === "log" && <p className="text-xs text-fg-3">{t("logHint")}</p>}
    </div>
  );
}

function GaugeFields({ panel, onChange }: { panel: PanelOf<"gauge">; onChange: Change }) {
  const t = useText();
  const problem = panelProblem(panel);
  return (
    <div className="grid grid-cols-2 items-start gap-3">
      <NumberField
        label={t("least")}
        value={panel.min}
        onChange={(min) => min !== null && onChange({ ...panel, min }, `min:${panel.id}`)}
      />
      <NumberField
        label={t("most")}
        value={panel.max}
        onChange={(max) => max !== null && onChange({ ...panel, max }, `max:${panel.id}`)}
        problem={problem ? t(problem) : undefined}
      />
    </div>
  );
}

function LabelFields({ panel, onChange }: { panel: PanelOf<"switch">; onChange: Change }) {
  const t = useText();
  return (
    <div className="grid grid-cols-2 items-start gap-3">
      {(["on", "off"] as const).map((state) => (
        <TextField
          key={state}
          label={t(state === "on" ? "labelOn" : "labelOff")}
          fieldSize="sm"
          maxLength={20}
          dir="auto"
          value={panel.labels[state]}
          onChange={({ target }) =>
            onChange(
              { ...panel, labels: { ...panel.labels, [state]: cleanLine(target.value) } },
              `${state}:${panel.id}`,
            )
          }
        />
      ))}
    </div>
  );
}

function TextArea({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const t = useText();
  return (
    <label className="block space-y-1.5 text-ui font-medium">
      {t("text")}
      <textarea
        autoFocus={value === ""}
        rows={8}
        maxLength={MOST.text}
        value={value}
        dir="auto"
        data-testid="panel-text"
        placeholder={t("textHint")}
        onChange={({ target }) => onChange(cleanText(target.value))}
        className="w-full rounded-[7px] border border-border-strong bg-surface px-3 py-2 text-[16px] font-normal outline-none placeholder:text-fg-3 focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent sm:pointer-fine:text-ui"
      />
      <span className="block text-right text-2xs font-normal text-fg-3">
        {t("characters", { count: value.length, most: MOST.text })}
      </span>
    </label>
  );
}

type CheckProps = { label: string; isOn: boolean; onChange: (isOn: boolean) => void };

function Check({ label, isOn, onChange }: CheckProps) {
  return (
    <label className="flex min-h-6 items-center justify-between gap-3 text-ui">
      {label}
      <input
        type="checkbox"
        className={CHECKBOX}
        checked={isOn}
        onChange={({ target }) => onChange(target.checked)}
      />
    </label>
  );
}
