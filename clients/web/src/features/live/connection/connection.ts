// The socket to the gateway: signs in, subscribes, resumes, measures the round trip, and comes back after a loss.
import type { Socket } from "socket.io-client";
import type {
  ClientEvents,
  DeviceChanged,
  Drain,
  Ended,
  LiveFrame,
  Notice,
  Positions,
  Resumed,
  ServerEvents,
} from "@/contracts/live";
import type { TokenSource } from "@/lib/api/api-client";
import { decodeFrame } from "./frame";
import { reconnectDelay } from "./reconnect";
import type { ServerClock } from "./server-clock";

export type ConnectionState =
  | { kind: "connecting" }
  /** `isSlow`: the gateway leaves readings out because this browser takes them too slowly. */
  | { kind: "live"; rttMs: number | null; isSlow: boolean }
  /** `atMs`: when the next attempt starts; null while one is under way. */
  | { kind: "reconnecting"; atMs: number | null }
  | { kind: "offline" };

export type LiveSocket = Socket<ServerEvents, ClientEvents>;

export type ConnectionPorts = {
  /** A socket that does not connect or reconnect by itself; `auth` is asked before each connect. */
  openSocket: (auth: (give: (data: { token: string }) => void) => void) => LiveSocket;
  tokens: TokenSource;
  nowMs: () => number;
  random: () => number;
  after: (ms: number, work: () => void) => () => void;
  isOnline: () => boolean;
};

export type ConnectionEvents = {
  frame: (frame: LiveFrame) => void;
  subscribed: (resumed: Readonly<Record<string, Resumed>>) => void;
  lost: () => void;
  device: (change: DeviceChanged) => void;
};

export type Wanted = { device: string; series: readonly number[]; rate: number };

const PROBE_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 6_000;
const MISSED_PROBES = 2;
const SLOW_FOR_MS = 20_000;
// A gateway that asks for more than this has made a mistake.
const LONGEST_DRAIN_MS = 30_000;

export class LiveConnection {
  private current: ConnectionState = { kind: "connecting" };
  private readonly listeners = new Set<() => void>();
  private socket: LiveSocket | null = null;
  private wanted: Wanted | null = null;
  private pos: Record<string, number> = {};
  private attempt = 0;
  private cancelRetry: () => void = () => {};
  private cancelProbe: () => void = () => {};
  private missedProbes = 0;
  private lastToken = "";
  private slowUntilMs = 0;
  private comeBackMs: number | null = null;

  constructor(
    private readonly ports: ConnectionPorts,
    private readonly clock: ServerClock,
    private readonly on: ConnectionEvents,
  ) {}

  get state(): ConnectionState {
    return this.current;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start(): void {
    const socket = this.ports.openSocket((give) => {
      this.ports.tokens.token().then(
        (token) => {
          this.lastToken = token;
          give({ token });
        },
        () => this.fail(),
      );
    });
    this.socket = socket;
    socket.on("connect", () => this.connected());
    socket.on("disconnect", () => this.fail());
    socket.on("connect_error", (error) => this.refused(error));
    socket.on("frame", (message, ack) => {
      const frame = decodeFrame(message);
      if (frame) {
        this.keep(frame.pos);
        this.on.frame(frame);
      }
      ack?.();
    });
    socket.on("token_expiring", () => void this.renewToken());
    socket.on("devices", ({ items }) => items.forEach((change) => this.on.device(change)));
    socket.on("drain", (message) => this.drained(message));
    socket.on("ended", (message) => this.ended(message));
    socket.on("notice", (notice) => this.noticed(notice));
    socket.connect();
  }

  stop(): void {
    this.cancelRetry();
    this.cancelProbe();
    this.socket?.removeAllListeners();
    this.socket?.disconnect();
    this.socket = null;
  }

  /** Which series to send from now on. `fresh` forgets the feed position: nothing of before is wanted. */
  want(wanted: Wanted, fresh: boolean): void {
    this.wanted = wanted;
    if (fresh) this.pos = {};
    if (this.socket?.connected) void this.sendSubscription();
  }

  /** The computer's network came or went. */
  networkChanged(): void {
    if (this.current.kind === "live" || !this.socket) return;
    this.attempt = 0;
    this.retryAfter(0);
  }

  private connected(): void {
    this.attempt = 0;
    this.missedProbes = 0;
    this.cancelRetry();
    this.slowUntilMs = 0;
    this.move({ kind: "live", rttMs: null, isSlow: false });
    void this.sendSubscription();
    void this.probe();
  }

  private async sendSubscription(): Promise<void> {
    const { socket, wanted } = this;
    if (!socket || !wanted || wanted.series.length === 0) return;
    try {
      const { series, rate } = wanted;
      const answer = await socket
        .timeout(ANSWER_WITHIN_MS)
        .emitWithAck("subscribe", { series, rate, pos: this.pos });
      if (this.wanted !== wanted || !socket.connected) return;
      if (!answer.ok) throw new Error(answer.code);
      this.adopt(answer.pos, answer.resumed);
      this.on.subscribed(answer.resumed);
    } catch {
      // Connected but not subscribed is of no use to anybody: begin again.
      if (this.wanted === wanted && socket.connected) socket.disconnect();
    }
  }

  private adopt(pos: Positions, resumed: Readonly<Record<string, Resumed>>): void {
    // What was missed is still on its way when the answer is "exact": its frames move the position.
    if (this.wanted && resumed[this.wanted.device] !== "exact") this.keep(pos);
  }

  /** A late frame of what was shown before says nothing about what is shown now. */
  private keep(pos: Positions): void {
    const device = this.wanted?.device;
    const at = device === undefined ? undefined : pos[device];
    if (device !== undefined && at !== undefined) this.pos = { [device]: at };
  }

  private async probe(): Promise<void> {
    const { socket } = this;
    if (!socket?.connected) return;
    const sent = this.ports.nowMs();
    try {
      const answer = await socket.timeout(ANSWER_WITHIN_MS).emitWithAck("probe", {});
      const received = this.ports.nowMs();
      this.missedProbes = 0;
      this.clock.learn(sent, received, answer.t);
      if (this.socket === socket && socket.connected) {
        this.move({ kind: "live", rttMs: Math.round(received - sent), isSlow: received < this.slowUntilMs });
      }
    } catch {
      this.missedProbes += 1;
      if (this.missedProbes >= MISSED_PROBES && socket.connected) {
        socket.disconnect();
        return;
      }
    }
    if (!socket.connected) return;
    this.cancelProbe();
    this.cancelProbe = this.ports.after(PROBE_EVERY_MS, () => void this.probe());
  }

  private noticed(notice: Notice): void {
    if (notice.code !== "slow_client" || this.current.kind !== "live") return;
    this.slowUntilMs = this.ports.nowMs() + SLOW_FOR_MS;
    this.move({ ...this.current, isSlow: true });
  }

  /** The gateway ends. It says when to come back, so that not everybody does at once. */
  private drained({ after_ms }: Drain): void {
    this.comeBackMs = Math.min(LONGEST_DRAIN_MS, Math.max(0, after_ms));
    this.socket?.disconnect();
  }

  /** The gateway closes the socket and says why. A session that is over must not wait for the next attempt to show. */
  private ended({ code }: Ended): void {
    if (code === "session_ended" || code === "token_expired") {
      this.ports.tokens.renew(this.lastToken).catch(() => {});
    }
  }

  private async renewToken(): Promise<void> {
    try {
      const token = await this.ports.tokens.renew(this.lastToken);
      this.lastToken = token;
      await this.socket?.timeout(ANSWER_WITHIN_MS).emitWithAck("authenticate", { token });
    } catch {
      // The gateway ends the connection, and the way back asks for a token again.
    }
  }

  private refused(error: Error): void {
    if (error.message !== "not_signed_in") return this.fail();
    // The gateway does not like the token: a new one, then again. Without one the session itself says what is wrong.
    this.ports.tokens.renew(this.lastToken).then(
      () => this.fail(),
      () => this.fail(),
    );
  }

  private fail(): void {
    this.cancelProbe();
    if (!this.socket) return;
    if (this.socket.active || this.socket.connected) this.socket.disconnect();
    this.on.lost();
    this.retryAfter(this.comeBackMs ?? reconnectDelay(this.attempt, this.ports.random()));
    this.comeBackMs = null;
    this.attempt += 1;
  }

  private retryAfter(delay: number): void {
    this.cancelRetry();
    const offline = !this.ports.isOnline();
    this.move(offline ? { kind: "offline" } : { kind: "reconnecting", atMs: this.ports.nowMs() + delay });
    // Without a network there is nothing to try; its return is announced. A slow look guards against a lost event.
    this.cancelRetry = this.ports.after(offline ? 10_000 : delay, () => {
      if (!this.ports.isOnline()) return this.retryAfter(0);
      this.move({ kind: "reconnecting", atMs: null });
      this.socket?.connect();
    });
  }

  private move(state: ConnectionState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}
