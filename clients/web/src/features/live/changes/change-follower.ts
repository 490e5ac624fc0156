// Follows changes of people, collectors, devices and mirrors on the socket of a live connection.
import type { Socket } from "socket.io-client";
import type { ChangeEvents, ChangeNamespace } from "@/contracts/live";
import type { ConnectionState } from "../connection/connection";

export type ChangeSocket = Socket<ChangeEvents, Record<string, never>>;

/** What changed since the last call. `ids` null: anything may have changed. `rules`: those of offline sign-in. */
export type Change = { readonly ids: ReadonlySet<string> | null; readonly rules: boolean };

export type FollowerPorts = {
  connection: {
    readonly state: ConnectionState;
    subscribe: (listener: () => void) => () => void;
    /** A socket of another namespace on the same connection. It does not connect by itself. */
    channel: (namespace: ChangeNamespace) => ChangeSocket;
  };
  after: (ms: number, work: () => void) => () => void;
  changed: (namespace: ChangeNamespace, change: Change) => void;
  followed: (namespace: ChangeNamespace, isFollowed: boolean) => void;
};

/** A page loads lists again at most this often, however fast changes arrive. The first change is reported at once. */
export const REST_MS = 1_000;
/** A refusal of these kinds passes by itself. */
const TEMPORARY = new Set(["unavailable"]);
const RETRY_MS = 5_000;
const EVERYTHING: Change = { ids: null, rules: true };

export class ChangeFollower {
  private readonly followings: readonly Following[];
  private unsubscribe: () => void = () => {};
  private wasLive = false;

  constructor(
    private readonly ports: FollowerPorts,
    namespaces: readonly ChangeNamespace[],
  ) {
    this.followings = namespaces.map((namespace) => new Following(namespace, ports));
  }

  start(): void {
    this.unsubscribe = this.ports.connection.subscribe(() => this.connectionChanged());
    this.connectionChanged();
  }

  /** Leaves the namespaces. Nothing is reported afterwards. */
  stop(): void {
    this.unsubscribe();
    this.wasLive = false;
    for (const one of this.followings) one.leave();
  }

  private connectionChanged(): void {
    const isLive = this.ports.connection.state.kind === "live";
    if (isLive === this.wasLive) return;
    this.wasLive = isLive;
    for (const one of this.followings) {
      if (isLive) one.join();
      else one.leave();
    }
  }
}

/** One namespace. */
class Following {
  private socket: ChangeSocket | null = null;
  private isFollowed = false;
  private pending: Change | null = null;
  private cancelRest: (() => void) | null = null;
  private cancelRetry: () => void = () => {};

  constructor(
    private readonly namespace: ChangeNamespace,
    private readonly ports: FollowerPorts,
  ) {}

  join(): void {
    const socket = this.ports.connection.channel(this.namespace);
    this.socket = socket;
    socket.removeAllListeners();
    socket.on("connect", () => {
      this.setFollowed(true);
      // Whatever changed before is unknown: the page was loaded before, or the connection was lost.
      this.report(EVERYTHING);
    });
    const joinAgain = () => {
      this.cancelRetry();
      this.cancelRetry = this.ports.after(RETRY_MS, () => socket.connect());
    };
    socket.on("disconnect", (reason) => {
      this.setFollowed(false);
      // The gateway removed this page: it cannot follow the changes itself now, or it will refuse the page for good.
      if (reason === "io server disconnect") joinAgain();
    });
    socket.on("connect_error", ({ message }) => {
      if (TEMPORARY.has(message)) joinAgain();
    });
    socket.on("changed", ({ ids, rules }) => this.report({ ids: new Set(ids), rules }));
    socket.on("reload", () => this.report(EVERYTHING));
    socket.connect();
  }

  leave(): void {
    this.cancelRetry();
    this.cancelRest?.();
    [this.pending, this.cancelRest] = [null, null];
    this.socket?.removeAllListeners();
    this.socket?.disconnect();
    this.socket = null;
    this.setFollowed(false);
  }

  private setFollowed(isFollowed: boolean): void {
    if (this.isFollowed === isFollowed) return;
    this.isFollowed = isFollowed;
    this.ports.followed(this.namespace, isFollowed);
  }

  private report(change: Change): void {
    this.pending = merged(this.pending, change);
    if (!this.cancelRest) this.flush();
  }

  private flush(): void {
    const { pending } = this;
    if (!pending) return;
    this.pending = null;
    this.cancelRest = this.ports.after(REST_MS, () => {
      this.cancelRest = null;
      this.flush();
    });
    this.ports.changed(this.namespace, pending);
  }
}

function merged(before: Change | null, after: Change): Change {
  if (!before) return after;
  const ids = before.ids && after.ids ? new Set([...before.ids, ...after.ids]) : null;
  return { ids, rules: before.rules || after.rules };
}
