"use client";
// The strip below the charts: a longer range with the shown part marked. The part can be moved and resized.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { moments, tickLabels, zonedTicks } from "@/charts/range/zoned-ticks";
import type { TimeSpan } from "@/charts/types";
import type { ApiClient } from "@/lib/api/api-client";
import { lineOf } from "./lines";
import { brushed, frameFor, overviewPaths } from "./overview-frame";
import { readingsQuery } from "./queries";
import { LEAST_US } from "./ranges";
import { useDateLocale } from "./date-locale";
import type { ChosenSeries } from "./use-chosen";

type OverviewProps = {
  api: ApiClient;
  /** The series whose line is shown. */
  first: ChosenSeries;
  span: TimeSpan;
  zone: string;
  /** `isRepeated`: the key before moved it too. */
  onBrush: (span: TimeSpan, isRepeated?: boolean) => void;
};

type Part = "from" | "to" | "all";
type Drag = { readonly part: Part; readonly x: number; readonly start: TimeSpan; readonly now: TimeSpan };

const [WIDTH, HEIGHT, POINTS, TICKS] = [1_000, 46, 800, 7];
// The arrow keys move by this share of the shown part.
const KEY_SHARE = 0.1;

export function Overview({ api, first, span, zone, onBrush }: OverviewProps) {
  const t = useTranslations("explore");
  const locale = useDateLocale();
  const [kept, setKept] = useState<TimeSpan | null>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const isMoving = useRef(false);
  const frame = frameFor(kept, span);
  if (frame !== kept) setKept(frame);

  const readings = useQuery(readingsQuery(api, first.series.id, frame, POINTS));
  const paths = useMemo(
    () =>
      readings.data
        ? overviewPaths(lineOf(readings.data, first.series.interval_us), frame, WIDTH, HEIGHT)
        : null,
    [readings.data, first.series.interval_us, frame],
  );
  const ticks = useMemo(() => zonedTicks(frame, TICKS, zone), [frame, zone]);
  const shown = drag?.now ?? span;
  const percent = (us: number) => `${(((us - frame.from) / (frame.to - frame.from)) * 100).toFixed(3)}%`;
  const least = Math.max(LEAST_US, (frame.to - frame.from) / 200);

  const begin = (part: Part) => (event: PointerEvent<HTMLElement>) => {
    event.preventDefault();
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ part, x: event.clientX, start: span, now: span });
  };
  const move = (event: PointerEvent<HTMLElement>) => {
    const width = event.currentTarget.parentElement?.clientWidth;
    if (!drag || !width) return;
    const by = ((event.clientX - drag.x) / width) * (frame.to - frame.from);
    setDrag({ ...drag, now: brushed(drag.start, drag.part, by, frame, least) });
  };
  const end = () => {
    if (drag && (drag.now.from !== span.from || drag.now.to !== span.to)) onBrush(drag.now);
    setDrag(null);
  };
  const press = (part: Part) => (event: KeyboardEvent<HTMLElement>) => {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    onBrush(
      brushed(span, part, direction * (span.to - span.from) * KEY_SHARE, frame, least),
      isMoving.current,
    );
    isMoving.current = true;
  };
  const handlers = (part: Part) => ({
    onPointerDown: begin(part),
    onPointerMove: move,
    onPointerUp: end,
    onPointerCancel: () => setDrag(null),
    onKeyDown: press(part),
    onBlur: () => {
      isMoving.current = false;
    },
  });
  const moment = moments(locale, zone);
  const slider = (part: Part, us: number) => ({
    role: "slider",
    tabIndex: 0,
    "aria-label": t(`overview.${part}`),
    "aria-valuemin": Math.round(frame.from / 1_000_000),
    "aria-valuemax": Math.round(frame.to / 1_000_000),
    "aria-valuenow": Math.round(us / 1_000_000),
    "aria-valuetext": moment.format(us / 1_000),
  });
  return (
    <section aria-label={t("overview.title")} className="px-4 pt-2 pb-3" data-testid="overview">
      <div className="relative ml-12 h-[46px] rounded-[5px] bg-surface-2">
        {paths ? (
          <svg
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            className="keep-color absolute inset-0 size-full text-fg-3"
            aria-hidden
          >
            <path d={paths.area} fill="currentColor" opacity={0.14} />
            <path d={paths.line} fill="none" stroke="currentColor" vectorEffect="non-scaling-stroke" />
          </svg>
        ) : (
          !readings.error && <div className="skeleton absolute inset-0" />
        )}
        <div
          {...slider("all", shown.from)}
          {...handlers("all")}
          data-testid="brush"
          className={clsx(
            "absolute inset-y-0 touch-none rounded-[3px] border border-accent bg-accent/12",
            drag ? "cursor-grabbing" : "cursor-grab",
          )}
          style={{ left: percent(shown.from), right: `calc(100% - ${percent(shown.to)})` }}
        />
        {(["from", "to"] as const).map((part) => (
          <div
            key={part}
            {...slider(part, shown[part])}
            {...handlers(part)}
            data-testid={`brush-${part}`}
            className="absolute top-1/2 flex h-6 w-6 -translate-x-1/2 -translate-y-1/2 cursor-ew-resize touch-none items-center justify-center"
            style={{ left: percent(shown[part]) }}
          >
            <span className="h-4 w-2 rounded-[3px] border border-accent bg-surface" />
          </div>
        ))}
      </div>
      <div className="relative mt-1 ml-12 h-4 overflow-hidden text-2xs text-fg-2" aria-hidden>
        {tickLabels(ticks, zone, locale).map((text, place) => (
          <span
            key={ticks.at[place]}
            className="absolute -translate-x-1/2 whitespace-nowrap"
            style={{ left: percent(ticks.at[place]!) }}
          >
            {text}
          </span>
        ))}
      </div>
    </section>
  );
}
