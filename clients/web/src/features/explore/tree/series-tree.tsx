"use client";
// The tree of devices and series at the left: search, filter by unit, choose.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { Search } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "@/components/button";
import { Input } from "@/components/form/input";
import { Kbd } from "@/components/kbd";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { LONGEST_SEARCH } from "@/lib/lists/series-lists";
import { shownUnit } from "@/lib/texts/units";
import { SWITCH_KEY } from "../lines";
import { MOST_SERIES, type Chosen } from "../question";
import { DeviceBranch } from "./device-branch";
import { NO_FILTER, useTree, type Filter } from "./use-tree";

type SeriesTreeProps = {
  api: ApiClient;
  chosen: readonly Chosen[];
  onToggle: (series: Series) => void;
  onClear: () => void;
};

// Where a slash is typed, or means something else. The sheet is a dialog too, but its search is the one to focus.
const TYPING = "input:not([type=checkbox]), textarea, select, [role=menu]";
// More rows than these are slow to lay out. A button shows more.
const ROWS = 100;
const UNITS = 6;

export function SeriesTree({ api, chosen, onToggle, onClear }: SeriesTreeProps) {
  const t = useTranslations("explore");
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [wantsUnits, setWantsUnits] = useState(false);
  const [most, setMost] = useState(ROWS);
  const [areAllUnitsShown, setAllUnitsShown] = useState(false);
  const searchRef = useRef<HTMLInputElement>(null);
  const { devices, search, listed, branches, units, isFiltered, more, isBehind } = useTree(
    api,
    filter,
    wantsUnits,
  );
  useSlash(searchRef);

  const known = (devices.data ?? []).reduce((sum, one) => sum + one.series_count, 0);
  const shown = branches.slice(0, most);
  const chips = areAllUnitsShown ? units : units.slice(0, UNITS);
  return (
    <div className="flex min-h-0 flex-1 flex-col" data-testid="series-tree" onKeyDown={moveFocus}>
      <div className="flex min-h-11 shrink-0 items-center gap-2 px-3">
        <h2 className="text-ui font-semibold">{t("tree.title")}</h2>
        <span className="text-xs text-fg-2 tabular-nums" data-testid="drawn-count">
          {t("tree.drawn", { count: chosen.length, all: known })}
        </span>
        {chosen.length > 0 && (
          <Button tone="ghost" className="-mr-2 ml-auto h-7 px-2 text-xs text-accent" onClick={onClear}>
            {t("tree.clear")}
          </Button>
        )}
      </div>
      <div className="shrink-0 space-y-2 px-3 pb-2">
        <div className="relative">
          <Search
            className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-fg-3"
            aria-hidden
          />
          <Input
            ref={searchRef}
            type="search"
            fieldSize="sm"
            className="pr-8 pl-8"
            aria-label={t("tree.search")}
            placeholder={t("tree.search")}
            maxLength={LONGEST_SEARCH}
            value={filter.text}
            data-testid="tree-search"
            onChange={(event) => {
              setMost(ROWS);
              setFilter({ ...filter, text: event.target.value });
            }}
          />
          {filter.text === "" && (
            <span className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2" aria-hidden>
              <Kbd>/</Kbd>
            </span>
          )}
        </div>
        <div className="flex flex-wrap items-center gap-1.5" role="group" aria-label={t("tree.units")}>
          {units.length === 0 ? (
            <Chip isOn={false} onClick={() => setWantsUnits(true)} isDisabled={listed.isFetching}>
              {listed.isFetching ? t("tree.loading") : t("tree.showUnits")}
            </Chip>
          ) : (
            chips.map(({ key, unit }) => (
              <Chip
                key={key}
                isOn={filter.unit === key}
                onClick={() => setFilter({ ...filter, unit: filter.unit === key ? null : key })}
              >
                {key === SWITCH_KEY ? t("onOff") : shownUnit(unit) || t("noUnit")}
              </Chip>
            ))
          )}
          {units.length > chips.length && (
            <Chip isOn={false} onClick={() => setAllUnitsShown(true)}>
              {t("tree.more", { count: units.length - chips.length })}
            </Chip>
          )}
        </div>
        {chosen.length >= MOST_SERIES && (
          <p role="status" className="text-xs text-warn">
            {t("tree.full", { most: MOST_SERIES })}
          </p>
        )}
      </div>
      <div className="relative min-h-0 flex-1 overflow-y-auto px-1.5 pb-2" data-testid="tree-rows">
        {devices.error && !devices.data ? (
          <Failure error={devices.error} onRetry={() => void devices.refetch()} />
        ) : devices.isPending ? (
          <RowsSkeleton />
        ) : (
          <>
            {shown.map(({ device, series }) => (
              <DeviceBranch
                key={device.id}
                api={api}
                device={device}
                found={series}
                chosen={chosen}
                isFull={chosen.length >= MOST_SERIES}
                onToggle={onToggle}
              />
            ))}
            {branches.length > shown.length && (
              <Button
                tone="ghost"
                className="w-full text-xs text-accent"
                onClick={() => setMost(most + 2 * ROWS)}
              >
                {t("tree.more", { count: branches.length - shown.length })}
              </Button>
            )}
            {more > 0 && (
              <p role="status" className="px-2 py-1 text-xs text-fg-2" data-testid="more-hits">
                {t("tree.moreHits", { count: more })}
              </p>
            )}
            {isBehind && branches.length === 0 && <RowsSkeleton />}
            {isFiltered && search.error && !search.data && (
              <Failure error={search.error} onRetry={() => void search.refetch()} />
            )}
            {listed.error && !listed.data && (
              <Failure error={listed.error} onRetry={() => void listed.refetch()} />
            )}
            {branches.length === 0 && !isBehind && !(isFiltered && search.error) && (
              <div role="status" className="space-y-2 px-2 py-4 text-center text-ui text-fg-2">
                <p>{isFiltered ? t("tree.nothingFound") : t("tree.noDevices")}</p>
                {isFiltered && <Button onClick={() => setFilter(NO_FILTER)}>{t("tree.showAll")}</Button>}
              </div>
            )}
          </>
        )}
      </div>
    </div>
  );
}

function Chip({
  isOn,
  isDisabled = false,
  onClick,
  children,
}: {
  isOn: boolean;
  isDisabled?: boolean;
  onClick: () => void;
  children: string;
}) {
  return (
    <button
      type="button"
      aria-pressed={isOn}
      disabled={isDisabled}
      onClick={onClick}
      className={clsx(
        "min-h-6 max-w-full truncate rounded-[5px] border px-2 text-xs",
        isOn ? "border-accent bg-accent-soft text-accent" : "text-fg-2 hover:bg-surface-2 hover:text-fg",
      )}
    >
      {children}
    </button>
  );
}

function RowsSkeleton() {
  const t = useTranslations("explore");
  return (
    <div role="status" aria-label={t("tree.loading")} className="space-y-3 p-2">
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} className="skeleton h-4 w-full" />
      ))}
    </div>
  );
}

function Failure({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const t = useTranslations("explore");
  return (
    <div role="alert" className="space-y-2 p-2 text-ui">
      <p className="text-crit">{explain(error)}</p>
      <Button onClick={onRetry}>{t("retry")}</Button>
    </div>
  );
}

/** The slash focuses the search, as long as nobody types. */
function useSlash(search: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(TYPING)) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [search]);
}

/** The arrow keys move between the rows, and open and close a device. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")];
  const place = rows.findIndex((row) => row === document.activeElement);
  const isInSearch =
    document.activeElement instanceof HTMLInputElement && document.activeElement.type === "search";
  if (place < 0 && !(isInSearch && event.key === "ArrowDown")) return;
  const row = rows[place];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step !== undefined) {
    event.preventDefault();
    const next = rows[place + step];
    if (next) next.focus();
    else if (step < 0) event.currentTarget.querySelector<HTMLElement>("input[type=search]")?.focus();
    return;
  }
  const isOpen = row?.getAttribute("aria-expanded");
  if (
    (event.key === "ArrowRight" && isOpen === "false") ||
    (event.key === "ArrowLeft" && isOpen === "true")
  ) {
    event.preventDefault();
    row!.click();
  }
}
