// The readings of one page, of one or several devices. It merges the live stream with stored history.
import type { Series, ShownDevice } from "@/contracts/http";
import type { DeviceChanged, Resumed } from "@/contracts/live";
import { LiveConnection, type ConnectionPorts } from "./connection/connection";
import type { GapTest } from "./readings/gaps";
import { loadHistory, type FetchHistory, type HistoryState } from "./history-loader";
import { findInterval } from "./readings/interval";
import type { Samples } from "./readings/series-buffer";
import { ServerClock } from "./connection/server-clock";
import { TelemetryStore, type Latest } from "./readings/telemetry-store";
import type { TimeSpan } from "./readings/time-spans";
import { firstNotBelow } from "@/lib/readings/ordered-search";
import { ViewClock } from "./view-clock";

/** `devices`: those that the series belong to. At most 500 series are shown. */
export type Selection = { devices: readonly ShownDevice[]; series: readonly Series[]; rangeUs: number };

export type FeedPorts = ConnectionPorts & {
  fetchHistory: FetchHistory;
  every: (ms: number, work: () => void) => () => void;
  deviceChanged: (change: DeviceChanged) => void;
  /** How many readings of a series one answer has at most, when it is less than this feed asks for. */
  mostPoints?: number;
  /** Loads the visible range again and again: for a source without late readings. */
  reloadEveryMs?: number;
};

// The gateway's maximum. A frame then waits 25 ms on average, so that readings show within 100 ms.
const FRAMES_PER_SECOND = 20;
// Short ranges are loaded in full, up to ten readings per second. Long ranges need four samples per pixel.
const SHORT_RANGE_US = 900_000_000;
const SHORT_RANGE_POINTS = 5_000;
const LONG_RANGE_POINTS = 2_400;
// Stored readings are loaded after this time even without a socket.
const HISTORY_WITHOUT_SOCKET_MS = 1_500;
// The clock is an estimate, so readings up to this far ahead are loaded too.
const BEYOND_NOW_US = 10_000_000;
const TRIM_EVERY_MS = 5_000;
// A conflated frame leaves out readings that history has. One reload serves a burst of such frames.
const RELOAD_AFTER_CONFLATED_MS = 1_500;
const MAX_SERIES = 500;

export class LiveFeed {
  readonly connection: LiveConnection;
  readonly view: ViewClock;
  private readonly store = new TelemetryStore((device) => this.aheadOf(device));
  private readonly shifted = new Map<number, Shifted>();
  private readonly clock = new ServerClock();
  private selection: Selection | null = null;
  private pausedLatest: Map<number, Latest | null> | null = null;
  private history: HistoryState = { status: "idle" };
  private readonly historyListeners = new Set<() => void>();
  private loading: AbortController | null = null;
  private findingIntervals: AbortController | null = null;
  private isSubscribed = false;
  private needsHistory = false;
  private cancelReload: (() => void) | null = null;
  private readonly cancels: (() => void)[] = [];

  constructor(private readonly ports: FeedPorts) {
    this.connection = new LiveConnection(ports, this.clock, {
      frame: (frame) => {
        this.store.addFrame(frame, this.viewNowUs());
        if (frame.conflated) this.reloadSoon();
      },
      subscribed: (resumed) => this.subscribed(resumed),
      lost: () => {
        this.isSubscribed = false;
        this.store.markInterrupted();
      },
      device: (change) => ports.deviceChanged(change),
    });
    this.view = new ViewClock(() => this.viewNowUs(), ports.every);
  }

  start(): void {
    this.connection.start();
    this.cancels.push(this.ports.every(TRIM_EVERY_MS, () => this.trim()));
    const { reloadEveryMs } = this.ports;
    if (reloadEveryMs) this.cancels.push(this.ports.every(reloadEveryMs, () => this.reloadUnlessLoading()));
  }

  stop(): void {
    this.loading?.abort();
    this.findingIntervals?.abort();
    this.cancelReload?.();
    this.connection.stop();
    for (const cancel of this.cancels.splice(0)) cancel();
  }

  /**
   * Shows other devices, other series or another range. Does nothing when all of them are the same.
   *
   * One device is shown by its own clock. Several are shown by the clock of the server: all times of a device with a wrong
   * clock are moved by its offset, so that readings of one moment stand side by side.
   */
  select(next: Selection): void {
    const previous = this.selection;
    const series = next.series.slice(0, MAX_SERIES);
    const isNewView =
      !previous || !next.devices.some(({ id }) => previous.devices.some((one) => one.id === id));
    const isNewSeries = isNewView || !sameIds(previous.series, series);
    const isNewRange = previous?.rangeUs !== next.rangeUs;
    this.selection = { ...next, series };
    if (isNewView) {
      this.setPaused(false);
      this.store.clear();
    }
    this.store.setSeries(series, this.viewNowUs());
    if (isNewSeries) {
      this.shifted.clear();
      this.isSubscribed = false;
      this.needsHistory = true;
      this.setHistory({ status: "loading" });
      this.connection.setSubscription({
        devices: next.devices.map(({ id }) => id),
        series: series.map(({ id }) => id),
        rate: FRAMES_PER_SECOND,
      });
      this.cancels.push(
        this.ports.after(HISTORY_WITHOUT_SOCKET_MS, () => {
          if (!this.isSubscribed && this.needsHistory) void this.reload();
        }),
      );
    } else if (isNewRange) {
      this.needsHistory = true;
      void this.reload();
    }
    this.trim();
  }

  setPaused(paused: boolean): void {
    if (paused && !this.view.isPaused) {
      this.pausedLatest = new Map(this.store.series.map(({ id }) => [id, this.latest(id)]));
    }
    if (!paused) this.pausedLatest = null;
    this.view.setPaused(paused);
  }

  /** Loads the visible range and merges it into the store. */
  async reload(): Promise<void> {
    const { selection } = this;
    if (!selection) return;
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    if (this.history.status !== "ready") this.setHistory({ status: "loading" });
    const to = this.viewNowUs() + BEYOND_NOW_US;
    const from = Math.max(0, this.view.shownUs() - selection.rangeUs - margin(selection.rangeUs));
    const wanted = selection.rangeUs <= SHORT_RANGE_US ? SHORT_RANGE_POINTS : LONG_RANGE_POINTS;
    const points = Math.min(wanted, this.ports.mostPoints ?? wanted);
    const request = { series: selection.series.map(({ id }) => id), from, to, points };
    // A bucket has four samples, so neighbours are at most one bucket apart.
    const step = Math.ceil((to - from) / Math.floor(points / 4));
    const outcome = await loadHistory(
      request,
      (id, range, signal) => {
        const ahead = this.aheadOfSeries(id);
        const { from, to, points } = range;
        return this.ports.fetchHistory(
          id,
          { from: Math.max(0, from - ahead), to: to - ahead, points },
          signal,
        );
      },
      (history) => this.store.addHistory(history, step, this.viewNowUs()),
      loading.signal,
    );
    if (loading.signal.aborted) return;
    this.loading = null;
    if (outcome.status === "ready") this.needsHistory = false;
    this.setHistory(outcome);
    if (outcome.status === "ready") await this.findIntervals();
  }

  /** Finds the interval of series that declare none, one after the other. */
  private async findIntervals(): Promise<void> {
    this.findingIntervals?.abort();
    const { signal } = (this.findingIntervals = new AbortController());
    for (const { id, latestUs } of this.store.withoutInterval()) {
      try {
        const interval = await findInterval(latestUs, (range) => this.ports.fetchHistory(id, range, signal));
        if (signal.aborted) return;
        this.store.setFoundInterval(id, interval);
      } catch {
        // The interval stays unknown. The next reload tries again.
        return;
      }
    }
  }

  readonly subscribeHistory = (listener: () => void): (() => void) => {
    this.historyListeners.add(listener);
    return () => this.historyListeners.delete(listener);
  };

  readonly historyState = (): HistoryState => this.history;

  /** The newest reading; while paused, the newest at the moment of the pause. */
  latest(id: number): Latest | null {
    if (this.pausedLatest) return this.pausedLatest.get(id) ?? this.newestShown(id);
    const latest = this.store.latest(id);
    const ahead = this.aheadOfSeries(id);
    return latest && ahead !== 0 ? { t: latest.t + ahead, v: latest.v } : latest;
  }

  /** The newest held reading that is not after the shown moment: of a series that was chosen during the pause. */
  private newestShown(id: number): Latest | null {
    const { t, v } = this.samples(id);
    const place = firstNotBelow(t, this.view.shownUs() + 1) - 1;
    if (place < 0) return null;
    const isSwitch = this.store.series.find((one) => one.id === id)?.type === "bool";
    return { t: t[place]!, v: isSwitch ? Boolean(v[place]) : v[place]! };
  }

  samples(id: number): Samples {
    const samples = this.store.samples(id);
    const ahead = this.aheadOfSeries(id);
    if (ahead === 0) return samples;
    const known = this.shifted.get(id);
    if (known?.revision === this.revision && known.ahead === ahead) return known.samples;
    const made = { t: samples.t.map((t) => t + ahead), v: samples.v };
    this.shifted.set(id, { revision: this.revision, ahead, samples: made });
    return made;
  }

  gapTest(id: number): GapTest {
    const isGap = this.store.gapTest(id);
    const ahead = this.aheadOfSeries(id);
    return ahead === 0 ? isGap : (earlier, later) => isGap(earlier - ahead, later - ahead);
  }

  late(id: number): readonly TimeSpan[] {
    return moved(this.store.late(id), this.aheadOfSeries(id));
  }

  suspect(id: number): readonly TimeSpan[] {
    return moved(this.store.suspect(id), this.aheadOfSeries(id));
  }

  interval(id: number): number | null {
    return this.store.interval(id);
  }

  gaps(id: number): TimeSpan[] {
    return [...moved(this.store.gaps(id), this.aheadOfSeries(id))];
  }

  get series(): Series[] {
    return this.store.series;
  }

  get revision(): number {
    return this.store.revision;
  }

  private subscribed(resumed: Readonly<Record<string, Resumed>>): void {
    this.isSubscribed = true;
    const devices = this.selection?.devices ?? [];
    const isExact = devices.length > 0 && devices.every(({ id }) => resumed[id] === "exact");
    if (!isExact || this.needsHistory || this.history.status === "failed") void this.reload();
  }

  /** A reload aborts the load in flight. On a slow connection, no load would ever finish. */
  private reloadUnlessLoading(): void {
    if (!this.loading) void this.reload();
  }

  private reloadSoon(): void {
    this.cancelReload ??= this.ports.after(RELOAD_AFTER_CONFLATED_MS, () => {
      this.cancelReload = null;
      // A reload aborts the load in flight. Under lasting pressure, no load would ever finish.
      if (this.loading) this.reloadSoon();
      else void this.reload();
    });
  }

  /** Now by the clock of the view. Readings of a single device with a wrong clock still show at the right edge. */
  private viewNowUs(): number {
    const devices = this.selection?.devices ?? [];
    const offset = devices.length === 1 ? offsetOf(devices[0]) : 0;
    return this.clock.nowUs(this.ports.nowMs()) - offset;
  }

  /** How far the clock of the view is ahead of the clock of `device`. */
  private aheadOf(device: string | undefined): number {
    const devices = this.selection?.devices ?? [];
    if (devices.length < 2) return 0;
    return offsetOf(devices.find(({ id }) => id === device));
  }

  private aheadOfSeries(id: number): number {
    return this.aheadOf(this.store.deviceOf(id));
  }

  private trim(): void {
    if (!this.selection) return;
    const { rangeUs } = this.selection;
    this.store.trimBefore(this.view.shownUs() - rangeUs - margin(rangeUs));
  }

  private setHistory(state: HistoryState): void {
    this.history = state;
    for (const listener of this.historyListeners) listener();
  }
}

/** Moved samples of a revision, so that equal ones are made once. */
type Shifted = { readonly revision: number; readonly ahead: number; readonly samples: Samples };

/** How far the server's clock is ahead of the clock of `device`; 0 while that clock is right. */
function offsetOf(device: ShownDevice | undefined): number {
  return device?.clock_suspect ? (device.clock_offset_us ?? 0) : 0;
}

function moved(spans: readonly TimeSpan[], byUs: number): readonly TimeSpan[] {
  return byUs === 0 ? spans : spans.map(({ from, to }) => ({ from: from + byUs, to: to + byUs }));
}

/** The time that is kept beyond the left edge, so that small moves need no reload. */
function margin(rangeUs: number): number {
  return Math.max(30_000_000, rangeUs * 0.05);
}

function sameIds(a: readonly Series[], b: readonly Series[]): boolean {
  return a.length === b.length && a.every((series, index) => series.id === b[index]!.id);
}
