// Generated from pulse_contracts.live by `make generate`. Do not edit.

/** Replaces the subscription of this socket. `rate`: frames per second. `pos`: the browser's feed position per device. The gateway sends the readings after it first. */
export type Subscribe = {
  series: readonly number[];
  rate?: number;
  pos?: Readonly<Record<string, number>>;
};

/** The answer to `Subscribe`. `resumed` per device: `exact` (the missed readings follow), `history` (too old or too many: load them by HTTP), `ahead` (the position is beyond the log: load them by HTTP), `live` (no position was sent). `unknown`: unknown series ids, which the subscription leaves out. */
export type Subscribed = {
  ok: true;
  pos: Readonly<Record<string, number>>;
  resumed: Readonly<Record<string, "live" | "exact" | "history" | "ahead">>;
  unknown: readonly number[];
};

export type LiveRefusal = {
  ok: false;
  code: string;
  detail: string;
};

export type Authenticate = {
  token: string;
};

export type Authenticated = {
  ok: true;
  expires_at: string;
};

export type TokenExpiring = {
  expires_at: string;
};

/** Readings of the subscribed series. `conflated`: the browser is slow, so only the first, lowest, highest and last reading of each series were kept. Lane `resume`: missed readings. The browser acknowledges every frame. */
export type LiveFrame = {
  sent: number;
  pos: Readonly<Record<string, number>>;
  lane: "live" | "backlog" | "resume";
  conflated: boolean;
  series: readonly number[];
  x: readonly number[];
  t: readonly number[];
  v: readonly (boolean | number)[];
};

/** State of one device. `waiting`: readings in the collector's backlog. `oldest_waiting`: when the oldest was taken. `buffer_fill`: how full the collector's buffer is, from 0 to 1. `full_in`: seconds until it is full. */
export type DeviceState = {
  id: string;
  online: boolean;
  last_seen_at: string;
  waiting: number | null;
  oldest_waiting: number | null;
  buffer_fill: number | null;
  full_in: number | null;
};

/** Devices whose state has changed since the previous message. At most one message a second. */
export type DeviceStates = {
  items: readonly DeviceState[];
};

/** The event `changed`: ids of what changed in this namespace, accounts or devices. Each id comes at most once in a message. `rules`: the rules or the leases of offline sign-in changed, too. The event `reload` has no content: anything in the namespace may have changed, because the gateway left out changes. */
export type Changes = {
  ids: readonly string[];
  rules: boolean;
};

export type Notice = {
  code: "slow_client";
  detail: string;
};

/** The gateway is shutting down. Reconnect after `after_ms` with `pos`. The delay differs between browsers. */
export type Drain = {
  after_ms: number;
};

/** The reason why the gateway closes this socket. It is the last message. */
export type Ended = {
  code: "session_ended" | "token_expired" | "other_account" | "slow_client";
  detail: string;
};

/** The namespaces of changes, with the permission that each needs. */
export const CHANGE_NAMESPACES = {
  "/people": "accounts.read",
  "/collectors": "collectors.read",
  "/devices": "telemetry.read",
  "/mirror": "mirror.read",
} as const;
