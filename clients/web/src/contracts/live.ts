// The Socket.IO messages between the browser and the telemetry gateway, written by hand until they are generated.
// Times are integer microseconds since 1970 UTC; `t` and `v` of a frame are parallel columns.

export type RawValue = number | boolean;

/** Feed position of each device: what has been delivered to this browser. */
export type Positions = Readonly<Record<string, number>>;

export type Subscribe = {
  series: readonly number[];
  rate?: number;
  pos?: Positions;
};

export type Resumed = "live" | "exact" | "history";

export type Refusal = { ok: false; code: string; detail?: string };

export type Subscribed = { ok: true; pos: Positions; resumed: Readonly<Record<string, Resumed>> } | Refusal;

export type Authenticate = { token: string };
export type Authenticated = { ok: true; expires_at: string } | Refusal;

export type Probed = { t: number };

export type Lane = "live" | "backlog" | "resume";

/** Columns of readings: reading i belongs to `series[x[i]]`. Must be acknowledged. */
export type LiveFrame = {
  sent: number;
  pos: Positions;
  lane: Lane;
  conflated: boolean;
  series: readonly number[];
  x: readonly number[];
  t: readonly number[];
  v: readonly RawValue[];
};

export type TokenExpiring = { expires_at: string };
export type DeviceChanged = { id: string; online: boolean | null; last_seen_at: string | null };
export type Notice = { code: string; detail: string };

export type ServerEvents = {
  frame: (frame: unknown, ack?: () => void) => void;
  token_expiring: (message: TokenExpiring) => void;
  device: (message: DeviceChanged) => void;
  notice: (message: Notice) => void;
};

export type ClientEvents = {
  subscribe: (message: Subscribe, ack: (answer: Subscribed) => void) => void;
  authenticate: (message: Authenticate, ack: (answer: Authenticated) => void) => void;
  probe: (message: Record<string, never>, ack: (answer: Probed) => void) => void;
};
