// The socket to the gateway: authenticates, subscribes, resumes, measures the round trip, and reconnects after a loss.
import type { Socket } from "socket.io-client";
import type {
  ChangeEvents,
  ChangeNamespace,
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
  /** `isSlow`: the gateway leaves readings out because this browser is too slow. */
  | { kind: "live"; rttMs: number | null; isSlow: boolean }
  /** `atMs`: when the next attempt starts; null during an attempt. */
  | { kind: "reconnecting"; atMs: number | null }
  | { kind: "offline" };

export type LiveSocket = Socket<ServerEvents, ClientEvents>;

export type ConnectionPorts = {
  /** Opens a socket that neither connects nor reconnects by itself. It calls `auth` before each connect. */
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

/** `devices`: those that the series belong to. */
export type Subscription = { devices: readonly string[]; series: readonly number[]; rate: number };

const PROBE_EVERY_MS = 5_000;
const ANSWER_TIMEOUT_MS = 6_000;
const MAX_MISSED_PROBES = 2;
/** How long the page shows a slow connection after the gateway's last notice. */
const SLOW_FOR_MS = 20_000;
/** How often to check the network while offline, in case the browser's event is lost. */
const OFFLINE_CHECK_MS = 10_000;
// A limit for the delay that a draining gateway asks for.
const MAX_DRAIN_MS = 30_000;

export class LiveConnection {
  private current: ConnectionState = { kind: "connecting" };
  private readonly listeners = new Set<() => void>();
  private socket: LiveSocket | null = null;
  private subscription: Subscription | null = null;
  /** The feed positions of the shown devices: what this browser has received. */
  private pos: Record<string, number> = {};
  private attempt = 0;
  private cancelRetry: () => void = () => {};
  private cancelProbe: () => void = () => {};
  private missedProbes = 0;
  private lastToken = "";
  private slowUntilMs = 0;
  private drainDelayMs: number | null = null;

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
    socket.on("connect", () => this.onConnect());
    socket.on("disconnect", () => this.fail());
    socket.on("connect_error", (error) => this.onConnectError(error));
    socket.on("frame", (message, ack) => {
      const frame = decodeFrame(message);
      if (frame) {
        this.rememberPosition(frame.pos);
        this.on.frame(frame);
      }
      ack?.();
    });
    socket.on("token_expiring", () => void this.renewToken());
    socket.on("devices", ({ items }) => items.forEach((change) => this.on.device(change)));
    socket.on("drain", (message) => this.onDrain(message));
    socket.on("ended", (message) => this.onEnded(message));
    socket.on("notice", (notice) => this.onNotice(notice));
    socket.connect();
  }

  stop(): void {
    this.cancelRetry();
    this.cancelProbe();
    this.socket?.removeAllListeners();
    this.socket?.disconnect();
    this.socket = null;
  }

  /** Subscribes to these series. Forgets the feed positions of all other devices, so that those are not resumed. */
  setSubscription(subscription: Subscription): void {
    this.subscription = subscription;
    this.pos = this.ofShown(this.pos);
    if (this.socket?.connected) void this.sendSubscription();
  }

  /** A socket of another namespace on the same connection. It neither connects nor reconnects by itself. */
  channel(namespace: ChangeNamespace): Socket<ChangeEvents, Record<string, never>> {
    if (!this.socket) throw new Error("the connection has not started");
    return this.socket.io.socket(namespace) as Socket<ChangeEvents, Record<string, never>>;
  }

  /** Call this when the computer's network connects or disconnects. */
  networkChanged(): void {
    if (this.current.kind === "live" || !this.socket) return;
    this.attempt = 0;
    this.retryAfter(0);
  }

  private onConnect(): void {
    this.attempt = 0;
    this.missedProbes = 0;
    this.cancelRetry();
    this.slowUntilMs = 0;
    this.setState({ kind: "live", rttMs: null, isSlow: false });
    void this.sendSubscription();
    void this.probe();
  }

  private async sendSubscription(): Promise<void> {
    const { socket, subscription } = this;
    if (!socket || !subscription || subscription.series.length === 0) return;
    try {
      const { series, rate } = subscription;
      const answer = await socket
        .timeout(ANSWER_TIMEOUT_MS)
        .emitWithAck("subscribe", { series, rate, pos: { ...this.pos } });
      if (this.subscription !== subscription || !socket.connected) return;
      if (!answer.ok) throw new Error(answer.code);
      this.adoptPositions(answer.pos, answer.resumed);
      this.on.subscribed(answer.resumed);
    } catch {
      // A connection without a subscription is useless, so reconnect.
      if (this.subscription === subscription && socket.connected) socket.disconnect();
    }
  }

  private adoptPositions(pos: Positions, resumed: Readonly<Record<string, Resumed>>): void {
    // With "exact", the missed frames follow, and they advance the position.
    this.rememberPosition(
      Object.fromEntries(Object.entries(pos).filter(([device]) => resumed[device] !== "exact")),
    );
  }

  /** Remembers the positions of the shown devices. A late frame of another device is ignored. */
  private rememberPosition(pos: Positions): void {
    Object.assign(this.pos, this.ofShown(pos));
  }

  private ofShown(pos: Positions): Record<string, number> {
    const shown = this.subscription?.devices ?? [];
    return Object.fromEntries(Object.entries(pos).filter(([device]) => shown.includes(device)));
  }

  private async probe(): Promise<void> {
    const { socket } = this;
    if (!socket?.connected) return;
    const sent = this.ports.nowMs();
    try {
      const answer = await socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck("probe", {});
      const received = this.ports.nowMs();
      this.missedProbes = 0;
      this.clock.addTrip(sent, received, answer.t);
      if (this.socket === socket && socket.connected) {
        this.setState({
          kind: "live",
          rttMs: Math.round(received - sent),
          isSlow: received < this.slowUntilMs,
        });
      }
    } catch {
      this.missedProbes += 1;
      if (this.missedProbes >= MAX_MISSED_PROBES && socket.connected) {
        socket.disconnect();
        return;
      }
    }
    if (!socket.connected) return;
    this.cancelProbe();
    this.cancelProbe = this.ports.after(PROBE_EVERY_MS, () => void this.probe());
  }

  private onNotice(notice: Notice): void {
    if (notice.code !== "slow_client" || this.current.kind !== "live") return;
    this.slowUntilMs = this.ports.nowMs() + SLOW_FOR_MS;
    this.setState({ ...this.current, isSlow: true });
  }

  /** The gateway shuts down. It says when to reconnect, so that not all clients do it at the same time. */
  private onDrain({ after_ms }: Drain): void {
    this.drainDelayMs = Math.min(MAX_DRAIN_MS, Math.max(0, after_ms));
    this.socket?.disconnect();
  }

  /** The gateway closes the socket with a reason. The session is checked immediately, not at the next attempt. */
  private onEnded({ code }: Ended): void {
    if (code === "session_ended" || code === "token_expired") {
      this.ports.tokens.renew(this.lastToken).catch(() => {});
    }
  }

  private async renewToken(): Promise<void> {
    try {
      const token = await this.ports.tokens.renew(this.lastToken);
      this.lastToken = token;
      await this.socket?.timeout(ANSWER_TIMEOUT_MS).emitWithAck("authenticate", { token });
    } catch {
      // The gateway closes the connection, and the reconnect gets a new token.
    }
  }

  private onConnectError(error: Error): void {
    if (error.message !== "not_signed_in") return this.fail();
    // The gateway rejected the token: get a new one and retry. Without one, the session shows the problem.
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
    this.retryAfter(this.drainDelayMs ?? reconnectDelay(this.attempt, this.ports.random()));
    this.drainDelayMs = null;
    this.attempt += 1;
  }

  private retryAfter(delay: number): void {
    this.cancelRetry();
    const offline = !this.ports.isOnline();
    this.setState(offline ? { kind: "offline" } : { kind: "reconnecting", atMs: this.ports.nowMs() + delay });
    // While offline, wait for the browser's event. The timer helps when the event is lost.
    this.cancelRetry = this.ports.after(offline ? OFFLINE_CHECK_MS : delay, () => {
      if (!this.ports.isOnline()) return this.retryAfter(0);
      this.setState({ kind: "reconnecting", atMs: null });
      this.socket?.connect();
    });
  }

  private setState(state: ConnectionState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}
