"use client";
// Chooses series of any device with a search. Arrow keys move, Enter chooses.
import clsx from "clsx";
import { Check, X } from "lucide-react";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { seriesColor } from "@/charts/palette";
import { Button } from "@/components/button";
import { Input } from "@/components/form/input";
import type { Series, ShownDevice } from "@/contracts/http";
import { bySignificance } from "../../series/order";
import { useText } from "../text";

type SeriesChooserProps = {
  /** null: not loaded yet. */
  series: ReadonlyMap<number, Series> | null;
  devices: readonly ShownDevice[];
  chosen: readonly number[];
  most: number;
  /** True when the series of the panel have colours of their own. */
  hasColors: boolean;
  onChange: (ids: readonly number[]) => void;
};

// A longer list is not readable. The search finds the others.
const MOST_SHOWN = 100;

export function SeriesChooser({ series, devices, chosen, most, hasColors, onChange }: SeriesChooserProps) {
  const t = useText();
  const [isOpen, setOpen] = useState(chosen.length === 0);
  const nameOf = useMemo(() => {
    const names = new Map(devices.map(({ id, name }) => [id, name]));
    return (device: string) => names.get(device) ?? device;
  }, [devices]);
  return (
    <section aria-label={t("series")} className="space-y-1.5">
      <div className="flex items-center justify-between">
        <h3 className="text-ui font-medium">{t("series")}</h3>
        {!isOpen && (
          <button
            type="button"
            className="rounded text-xs font-medium text-accent hover:underline"
            onClick={() => setOpen(true)}
            data-testid="add-series"
          >
            {most === 1 ? t("changeSeries") : t("addSeries")}
          </button>
        )}
      </div>
      {chosen.length > 0 && (
        <ul className="divide-y rounded-[7px] border" data-testid="chosen-series">
          {chosen.map((id, place) => {
            const one = series?.get(id);
            return (
              <li key={id} className="flex min-h-9 items-center gap-2 py-1 pr-1 pl-3 text-ui">
                {hasColors && (
                  <span
                    aria-hidden
                    className="keep-color size-3 shrink-0 rounded-[3px]"
                    style={{ background: seriesColor(place) }}
                  />
                )}
                <span className="min-w-0 flex-1 wrap-anywhere">
                  {one?.display_name ?? t("deletedSeries")}
                  {one && <span className="block text-2xs text-fg-3">{nameOf(one.device)}</span>}
                </span>
                <Button
                  tone="ghost"
                  size="icon"
                  aria-label={t("removeSeries", { name: one?.display_name ?? t("deletedSeries") })}
                  onClick={() => onChange(chosen.filter((other) => other !== id))}
                >
                  <X className="size-4" aria-hidden />
                </Button>
              </li>
            );
          })}
        </ul>
      )}
      {isOpen && (
        <SeriesSearch
          series={series}
          nameOf={nameOf}
          chosen={chosen}
          most={most}
          onToggle={(id) => {
            if (chosen.includes(id)) onChange(chosen.filter((other) => other !== id));
            else if (most === 1) onChange([id]);
            else if (chosen.length < most) onChange([...chosen, id]);
          }}
        />
      )}
    </section>
  );
}

type SeriesSearchProps = {
  series: ReadonlyMap<number, Series> | null;
  nameOf: (device: string) => string;
  chosen: readonly number[];
  most: number;
  onToggle: (id: number) => void;
};

function SeriesSearch({ series, nameOf, chosen, most, onToggle }: SeriesSearchProps) {
  const t = useText();
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const all = useMemo(() => bySignificance([...(series?.values() ?? [])]), [series]);
  // Typing must not wait for a search in 20,000 series.
  const searched = useDeferredValue(text);
  const texts = useMemo(() => searchTexts(all, nameOf), [all, nameOf]);
  const matching = useMemo(() => seriesMatching(all, searched, texts), [all, searched, texts]);
  const shown = matching.slice(0, MOST_SHOWN);
  const place = Math.min(active, shown.length - 1);
  useEffect(() => {
    list.current?.children[place]?.scrollIntoView?.({ block: "nearest" });
  }, [place]);

  const onKey = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: place + 1, ArrowUp: place - 1 };
    const next = steps[event.key];
    // The list may be one key behind what was typed.
    const one = (searched === text ? shown : seriesMatching(all, text, texts))[place];
    if (next !== undefined) setActive(Math.max(0, Math.min(shown.length - 1, next)));
    else if (event.key === "Enter" && one) onToggle(one.id);
    else return;
    event.preventDefault();
  };

  return (
    <div className="space-y-1">
      <Input
        fieldSize="sm"
        type="search"
        role="combobox"
        autoFocus
        aria-label={t("findSeries")}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={place >= 0 ? `${id}-${place}` : undefined}
        autoComplete="off"
        maxLength={100}
        placeholder={t("findSeries")}
        data-testid="series-search"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKey}
      />
      <p role="status" className="px-1 text-xs text-fg-3">
        {series === null
          ? t("loading")
          : matching.length === 0
            ? t("noSeriesMatch", { text: text.trim() })
            : chosen.length >= most && most > 1
              ? t("mostSeries", { most })
              : t("seriesFound", { shown: shown.length, count: matching.length })}
      </p>
      <ul
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={t("series")}
        aria-multiselectable={most > 1}
        className="max-h-64 overflow-y-auto rounded-[7px] border p-1"
      >
        {shown.map((one, index) => (
          <li
            key={one.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={chosen.includes(one.id)}
            data-testid={`choose-${one.device}-${one.name}`}
            onClick={() => onToggle(one.id)}
            onPointerMove={() => setActive(index)}
            className={clsx(
              "flex min-h-9 cursor-pointer items-center gap-2 rounded-[5px] px-2 py-1 text-ui",
              index === place && "bg-surface-2 outline-1 -outline-offset-1 outline-border-strong",
            )}
          >
            <span className="min-w-0 flex-1 wrap-anywhere">
              {one.display_name}
              <span className="block text-2xs text-fg-3">{nameOf(one.device)}</span>
            </span>
            <span className="text-xs text-fg-3">{one.type === "bool" ? t("switchUnit") : one.unit}</span>
            {chosen.includes(one.id) && <Check className="size-4 shrink-0 text-accent" aria-hidden />}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What the search looks in, made once: the names of a series and of its device, in lower case. */
export function searchTexts(
  series: readonly Series[],
  nameOf: (device: string) => string,
): ReadonlyMap<number, string> {
  return new Map(
    series.map((one) => [
      one.id,
      `${one.display_name}\n${one.name}\n${nameOf(one.device)}\n${one.device}`.toLowerCase(),
    ]),
  );
}

/** The series whose name, id or device contains every word of `text`, ignoring case. `texts`: see `searchTexts`. */
export function seriesMatching(
  series: readonly Series[],
  text: string,
  texts: ReadonlyMap<number, string>,
): readonly Series[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return series;
  return series.filter(({ id }) => words.every((word) => texts.get(id)?.includes(word)));
}
