// Stands in for the socket on pages without a session: asks for new readings every few seconds and hands them on as frames.
import type { History } from "@/contracts/http";
import type { LiveFrame, Subscribe } from "@/contracts/live";
import type { LiveSocket } from "./connection";

export type PollPorts = {
  /** New readings of at most `AT_ONCE` series. Throws when the answer did not come. */
  fetchNew: (
    series: readonly number[],
    range: { from: number; to: number; points: number },
  ) => Promise<readonly History[]>;
  /** The server's time in µs, by the best estimate of the page. */
  nowUs: () => number;
  /** How far the server's clock is ahead of the clock of the device of a series, in µs. */
  aheadOf: (series: number) => number;
  every: (ms: number, work: () => void) => () => void;
};

type Handler = (...args: never[]) => void;

export const POLL_EVERY_MS = 5_000;
const AT_ONCE = 50;
const MOST_POINTS = 2_000;
// Readings may arrive this long after their time, and a clock may be this far ahead.
const OVERLAP_US = 15_000_000;
const BEYOND_NOW_US = 10_000_000;

export class PolledSocket {
  connected = false;
  active = false;
  private readonly handlers = new Map<string, Handler[]>();
  private series: readonly number[] = [];
  private polledUntilUs: number | null = null;
  private isPolling = false;
  private cancel: () => void = () => {};

  constructor(private readonly ports: PollPorts) {}

  /** This as a LiveSocket. It implements only what the connection uses. */
  asSocket(): LiveSocket {
    return this as unknown as LiveSocket;
  }

  on(event: string, handler: Handler): void {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler]);
  }

  removeAllListeners(): void {
    this.handlers.clear();
  }

  connect(): void {
    if (this.active) return;
    this.active = true;
    void this.poll().then((isAnswered) => {
      if (!this.active) return;
      if (!isAnswered) {
        this.active = false;
        return this.fire("connect_error", new Error("unreachable"));
      }
      this.connected = true;
      this.cancel = this.ports.every(POLL_EVERY_MS, () => void this.pollAgain());
      this.fire("connect");
    });
  }

  disconnect(): void {
    const wasConnected = this.connected;
    this.connected = false;
    this.active = false;
    this.cancel();
    if (wasConnected) this.fire("disconnect", "io client disconnect");
  }

  timeout(): { emitWithAck: (event: string, message: unknown) => Promise<unknown> } {
    return {
      emitWithAck: (event, message) => {
        if (event === "subscribe") {
          this.series = (message as Subscribe).series;
          this.polledUntilUs = this.ports.nowUs();
          // Nothing is resumed, so the feed loads its range.
          return Promise.resolve({ ok: true, pos: {}, resumed: {} });
        }
        return Promise.resolve({ ok: true, t: this.ports.nowUs() });
      },
    };
  }

  private async pollAgain(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    try {
      if (!(await this.poll()) && this.connected) this.disconnect();
    } finally {
      this.isPolling = false;
    }
  }

  /** Returns whether all answers came. */
  private async poll(): Promise<boolean> {
    const { series } = this;
    const now = this.ports.nowUs();
    const from = (this.polledUntilUs ?? now) - OVERLAP_US;
    try {
      for (const [ahead, ids] of groupsOf(series, this.ports.aheadOf)) {
        const range = { from: from - ahead, to: now + BEYOND_NOW_US - ahead, points: MOST_POINTS };
        const found = await this.ports.fetchNew(ids, range);
        if (series !== this.series) return true;
        this.fire("frame", frameOf(found, now));
      }
    } catch {
      return false;
    }
    this.polledUntilUs = now;
    return true;
  }

  private fire(event: string, ...args: unknown[]): void {
    for (const handler of this.handlers.get(event) ?? []) handler(...(args as never[]));
  }
}

/** The series in groups of equal clocks, each as large as one request may be. */
function groupsOf(
  series: readonly number[],
  aheadOf: (series: number) => number,
): [ahead: number, series: readonly number[]][] {
  const byClock = new Map<number, number[]>();
  for (const id of series) {
    const ahead = aheadOf(id);
    byClock.set(ahead, [...(byClock.get(ahead) ?? []), id]);
  }
  return [...byClock].flatMap(([ahead, ids]) =>
    Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, index): [number, readonly number[]] => [
      ahead,
      ids.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
    ]),
  );
}

function frameOf(found: readonly History[], sent: number): LiveFrame {
  return {
    sent,
    pos: {},
    lane: "live",
    // The feed then loads its range again, which is thinned in the same way.
    conflated: found.some(({ sampled }) => sampled),
    series: found.map(({ series }) => series),
    x: found.flatMap(({ t }, index) => t.map(() => index)),
    t: found.flatMap(({ t }) => t),
    v: found.flatMap(({ v }) => v),
  };
}
