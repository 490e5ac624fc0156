// One device's readings for one page: joins the live stream with stored history, and keeps both within the view.
import type { Device, Series } from "@/contracts/http";
import type { DeviceChanged, Resumed } from "@/contracts/live";
import { LiveConnection, type ConnectionPorts } from "./connection/connection";
import type { Gap, GapTest } from "./readings/gaps";
import { loadHistory, type FetchHistory, type HistoryState } from "./history-loader";
import type { Stretch } from "./readings/late";
import { findRhythm } from "./readings/rhythm";
import type { Samples } from "./readings/series-buffer";
import { ServerClock } from "./connection/server-clock";
import { TelemetryStore, type Latest } from "./readings/telemetry-store";
import { ViewClock } from "./view-clock";

export type Selection = { device: Device; series: readonly Series[]; rangeUs: number };

export type FeedPorts = ConnectionPorts & {
  fetchHistory: FetchHistory;
  every: (ms: number, work: () => void) => () => void;
  deviceChanged: (change: DeviceChanged) => void;
};

// The most that the gateway gives: a frame waits 25 ms on average, which is what keeps live under 100 ms.
const FRAMES_PER_SECOND = 20;
// Short ranges come whole up to ten readings a second; long ones need four for each pixel and no more.
const SHORT_RANGE_US = 900_000_000;
const SHORT_RANGE_POINTS = 5_000;
const LONG_RANGE_POINTS = 2_400;
// A socket that is slow to come must not keep the stored readings from being seen.
const HISTORY_WITHOUT_SOCKET_MS = 1_500;
// Clocks are estimates: what was read "in the future" belongs to the present too.
const BEYOND_NOW_US = 10_000_000;
const TRIM_EVERY_MS = 5_000;
// A conflated frame says that readings between its extremes were left out: history has them. One reload serves a burst.
const RELOAD_AFTER_CONFLATED_MS = 1_500;
const MOST_SERIES = 500;

export class LiveFeed {
  readonly connection: LiveConnection;
  readonly view: ViewClock;
  private readonly store = new TelemetryStore();
  private readonly clock = new ServerClock();
  private selection: Selection | null = null;
  private pausedLatest: Map<number, Latest | null> | null = null;
  private history: HistoryState = { status: "idle" };
  private readonly historyListeners = new Set<() => void>();
  private loading: AbortController | null = null;
  private learning: AbortController | null = null;
  private isSubscribed = false;
  private isHistoryOwed = false;
  private cancelReload: (() => void) | null = null;
  private readonly cancels: (() => void)[] = [];

  constructor(private readonly ports: FeedPorts) {
    this.connection = new LiveConnection(ports, this.clock, {
      frame: (frame) => {
        this.store.ingest(frame, this.deviceNowUs());
        if (frame.conflated) this.reloadSoon();
      },
      subscribed: (resumed) => this.subscribed(resumed),
      lost: () => {
        this.isSubscribed = false;
        this.store.markInterrupted();
      },
      device: (change) => ports.deviceChanged(change),
    });
    this.view = new ViewClock(() => this.deviceNowUs(), ports.every);
  }

  start(): void {
    this.connection.start();
    this.cancels.push(this.ports.every(TRIM_EVERY_MS, () => this.trim()));
  }

  stop(): void {
    this.loading?.abort();
    this.learning?.abort();
    this.cancelReload?.();
    this.connection.stop();
    for (const cancel of this.cancels.splice(0)) cancel();
  }

  /** Shows another device, other series or another range; calling it with what is shown already does nothing. */
  select(next: Selection): void {
    const before = this.selection;
    const series = next.series.slice(0, MOST_SERIES);
    const otherDevice = before?.device.id !== next.device.id;
    const otherSeries = otherDevice || !sameIds(before.series, series);
    const otherRange = before?.rangeUs !== next.rangeUs;
    this.selection = { ...next, series };
    if (otherDevice) {
      this.setPaused(false);
      this.store.clear();
    }
    this.store.hold(series, this.deviceNowUs());
    if (otherSeries) {
      this.isSubscribed = false;
      this.isHistoryOwed = true;
      this.setHistory({ status: "loading" });
      this.connection.want(
        { device: next.device.id, series: series.map(({ id }) => id), rate: FRAMES_PER_SECOND },
        otherDevice,
      );
      this.cancels.push(
        this.ports.after(HISTORY_WITHOUT_SOCKET_MS, () => {
          if (!this.isSubscribed && this.isHistoryOwed) void this.reload();
        }),
      );
    } else if (otherRange) {
      this.isHistoryOwed = true;
      void this.reload();
    }
    this.trim();
  }

  setPaused(paused: boolean): void {
    if (paused && !this.view.isPaused) {
      this.pausedLatest = new Map(this.store.series.map(({ id }) => [id, this.store.latest(id)]));
    }
    if (!paused) this.pausedLatest = null;
    this.view.setPaused(paused);
  }

  /** Loads the visible range again, joining it with what is held. */
  async reload(): Promise<void> {
    const { selection } = this;
    if (!selection) return;
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    if (this.history.status !== "ready") this.setHistory({ status: "loading" });
    const to = this.deviceNowUs() + BEYOND_NOW_US;
    const from = Math.max(0, this.view.shownUs() - selection.rangeUs - margin(selection.rangeUs));
    const points = selection.rangeUs <= SHORT_RANGE_US ? SHORT_RANGE_POINTS : LONG_RANGE_POINTS;
    const wanted = { series: selection.series.map(({ id }) => id), from, to, points };
    // Four samples a bucket; neighbours lie at most one bucket apart.
    const step = Math.ceil((to - from) / Math.floor(points / 4));
    const outcome = await loadHistory(
      wanted,
      this.ports.fetchHistory,
      (history) => this.store.join(history, step, this.deviceNowUs()),
      loading.signal,
    );
    if (loading.signal.aborted) return;
    this.loading = null;
    if (outcome.status === "ready") this.isHistoryOwed = false;
    this.setHistory(outcome);
    if (outcome.status === "ready") await this.learnRhythms();
  }

  /** Asks how often series come that declare no interval, one after the other. */
  private async learnRhythms(): Promise<void> {
    this.learning?.abort();
    const { signal } = (this.learning = new AbortController());
    for (const { id, latestUs } of this.store.unsure()) {
      try {
        const rhythm = await findRhythm(latestUs, (look) => this.ports.fetchHistory(id, look, signal));
        if (signal.aborted) return;
        this.store.learn(id, rhythm);
      } catch {
        // Its state stays "unknown", which the page shows. The next load asks again.
        return;
      }
    }
  }

  readonly subscribeHistory = (listener: () => void): (() => void) => {
    this.historyListeners.add(listener);
    return () => this.historyListeners.delete(listener);
  };

  readonly historyState = (): HistoryState => this.history;

  /** Newest reading, or the one that was newest when the view was paused. */
  latest(id: number): Latest | null {
    return this.pausedLatest ? (this.pausedLatest.get(id) ?? null) : this.store.latest(id);
  }

  samples(id: number): Samples {
    return this.store.samples(id);
  }

  gapTest(id: number): GapTest {
    return this.store.gapTest(id);
  }

  late(id: number): readonly Stretch[] {
    return this.store.late(id);
  }

  suspect(id: number): readonly Stretch[] {
    return this.store.suspect(id);
  }

  rhythm(id: number): number | null {
    return this.store.rhythm(id);
  }

  gaps(id: number): Gap[] {
    return this.store.gaps(id);
  }

  get series(): Series[] {
    return this.store.series;
  }

  get revision(): number {
    return this.store.revision;
  }

  private subscribed(resumed: Readonly<Record<string, Resumed>>): void {
    this.isSubscribed = true;
    const device = this.selection?.device.id;
    const isExact = device !== undefined && resumed[device] === "exact";
    if (!isExact || this.isHistoryOwed || this.history.status === "failed") void this.reload();
  }

  private reloadSoon(): void {
    this.cancelReload ??= this.ports.after(RELOAD_AFTER_CONFLATED_MS, () => {
      this.cancelReload = null;
      // Loading again would throw away what is on its way: under lasting pressure nothing would ever arrive.
      if (this.loading) this.reloadSoon();
      else void this.reload();
    });
  }

  /** Now, as the device's clock tells it: readings of a device whose clock is off still lie at the right edge. */
  private deviceNowUs(): number {
    const now = this.clock.nowUs(this.ports.nowMs());
    const device = this.selection?.device;
    return device?.clock_suspect && device.clock_offset_us !== null ? now - device.clock_offset_us : now;
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

/** What is kept beyond the left edge, so that small moves need no loading. */
function margin(rangeUs: number): number {
  return Math.max(30_000_000, rangeUs * 0.05);
}

function sameIds(a: readonly Series[], b: readonly Series[]): boolean {
  return a.length === b.length && a.every((series, index) => series.id === b[index]!.id);
}
