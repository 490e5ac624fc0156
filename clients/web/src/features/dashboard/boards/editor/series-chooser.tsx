"use client";
// Chooses series of any device with a search, which the gateway runs. Arrow keys move, Enter chooses.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import clsx from "clsx";
import { Check, X } from "lucide-react";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { seriesColor } from "@/charts/palette";
import { Button } from "@/components/button";
import { Input } from "@/components/form/input";
import type { Series, ShownDevice } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { LONGEST_SEARCH, seriesSearchQuery } from "@/lib/lists/series-lists";
import { shownUnit } from "@/lib/texts/units";
import { usePaused } from "@/lib/use-paused";
import { bySignificance } from "../../series/order";
import { rememberSeries } from "../queries";
import { useText } from "../text";

type SeriesChooserProps = {
  api: ApiClient;
  /** Those that are chosen; null: not loaded yet. */
  series: ReadonlyMap<number, Series> | null;
  devices: readonly ShownDevice[];
  chosen: readonly number[];
  most: number;
  /** True when the series of the panel have colours of their own. */
  hasColors: boolean;
  /** `known`: the chosen series, as far as they are known. */
  onChange: (ids: readonly number[], known: ReadonlyMap<number, Series> | null) => void;
};

export function SeriesChooser({
  api,
  series,
  devices,
  chosen,
  most,
  hasColors,
  onChange,
}: SeriesChooserProps) {
  const t = useText();
  const client = useQueryClient();
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
                  onClick={() =>
                    onChange(
                      chosen.filter((other) => other !== id),
                      series,
                    )
                  }
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
          api={api}
          nameOf={nameOf}
          chosen={chosen}
          most={most}
          onToggle={(one) => {
            const known = new Map([...(series ?? []), [one.id, one]]);
            const change = (ids: readonly number[]) => onChange(ids, known);
            rememberSeries(client, [one]);
            if (chosen.includes(one.id)) change(chosen.filter((other) => other !== one.id));
            else if (most === 1) change([one.id]);
            else if (chosen.length < most) change([...chosen, one.id]);
          }}
        />
      )}
    </section>
  );
}

type SeriesSearchProps = {
  api: ApiClient;
  nameOf: (device: string) => string;
  chosen: readonly number[];
  most: number;
  onToggle: (series: Series) => void;
};

function SeriesSearch({ api, nameOf, chosen, most, onToggle }: SeriesSearchProps) {
  const t = useText();
  const id = useId();
  const client = useQueryClient();
  const list = useRef<HTMLUListElement>(null);
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const searched = usePaused(text);
  const { data, error, isPlaceholderData, refetch } = useQuery(seriesSearchQuery(api, searched));
  const shown = useMemo(() => bySignificance(data?.items ?? []), [data]);
  const total = data?.total ?? 0;
  const isCurrent = searched === text && !isPlaceholderData && data !== undefined;
  const place = Math.min(active, shown.length - 1);
  useEffect(() => {
    list.current?.children[place]?.scrollIntoView?.({ block: "nearest" });
  }, [place]);
  // An answer that Enter waited for must not change a choice that is out of date.
  const latest = useRef({ text, onToggle });
  useEffect(() => {
    latest.current = { text, onToggle };
  });

  const chooseFirst = () => {
    client.fetchQuery(seriesSearchQuery(api, text)).then(
      ({ items }) => {
        const [first] = bySignificance(items);
        if (first && latest.current.text === text) latest.current.onToggle(first);
      },
      () => undefined, // the list says why it could not be loaded
    );
  };
  const onKey = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: place + 1, ArrowUp: place - 1 };
    const next = steps[event.key];
    const one = shown[place];
    if (next !== undefined) setActive(Math.max(0, Math.min(shown.length - 1, next)));
    else if (event.key !== "Enter") return;
    else if (!isCurrent) chooseFirst();
    else if (one) onToggle(one);
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
        maxLength={LONGEST_SEARCH}
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
        {!data
          ? error
            ? explain(error)
            : t("loading")
          : total === 0
            ? t("noSeriesMatch", { text: searched.trim() })
            : chosen.length >= most && most > 1
              ? t("mostSeries", { most })
              : shown.length < total
                ? t("someSeriesFound", {
                    shown: shown.length,
                    count: total,
                    rest: total - shown.length,
                  })
                : t("seriesFound", { count: total })}
      </p>
      {error && !data && <Button onClick={() => void refetch()}>{t("retry")}</Button>}
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
            onClick={() => onToggle(one)}
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
            <span className="text-xs text-fg-3">
              {one.type === "bool" ? t("switchUnit") : shownUnit(one.unit)}
            </span>
            {chosen.includes(one.id) && <Check className="size-4 shrink-0 text-accent" aria-hidden />}
          </li>
        ))}
      </ul>
    </div>
  );
}
