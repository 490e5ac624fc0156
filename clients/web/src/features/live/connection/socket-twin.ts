// An in-memory gateway socket for tests. It follows the protocol of the real one without a network.
import type { LiveSocket } from "./connection";

type Handler = (...args: never[]) => void;

export class SocketTwin {
  connected = false;
  active = false;
  readonly tokens: string[] = [];
  readonly sent: { event: string; message: unknown }[] = [];
  /** Answers to `subscribe`, `authenticate` and `probe`. An event without an entry gets no answer. */
  readonly answers: Record<string, (message: never) => unknown> = {};
  private handlers = new Map<string, Handler[]>();

  constructor(private readonly auth: (give: (data: { token: string }) => void) => void) {}

  /** This twin as a LiveSocket. It implements only what the connection uses. */
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
    this.active = true;
    this.auth(({ token }) => this.tokens.push(token));
  }

  disconnect(): void {
    const wasConnected = this.connected;
    this.connected = false;
    this.active = false;
    if (wasConnected) this.fire("disconnect", "io client disconnect");
  }

  timeout(): { emitWithAck: (event: string, message: unknown) => Promise<unknown> } {
    return {
      emitWithAck: (event, message) => {
        this.sent.push({ event, message });
        const answer = this.answers[event];
        return answer ? Promise.resolve(answer(message as never)) : new Promise(() => undefined);
      },
    };
  }

  accept(): void {
    this.connected = true;
    this.fire("connect");
  }

  refuse(message: string): void {
    this.active = false;
    this.fire("connect_error", new Error(message));
  }

  drop(): void {
    this.connected = false;
    this.fire("disconnect", "transport close");
  }

  fire(event: string, ...args: unknown[]): void {
    for (const handler of this.handlers.get(event) ?? []) handler(...(args as never[]));
  }
}
