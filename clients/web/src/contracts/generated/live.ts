// Generated from pulse_contracts.live by `make generate`. Do not edit.

/** Replaces the subscription of this socket. `rate`: frames per second. `pos`: the feed position that the browser holds per device; what it missed since comes first. */
export type Subscribe = {
  series: readonly number[];
  rate?: number;
  pos?: Readonly<Record<string, number>>;
};

/** `resumed` says per device: `exact` (what was missed follows), `history` (older than the log, or too much: load it by HTTP), `ahead` (a position that this log has not reached: refused, load history), or `live` (from now on). `unknown`: series that there are not; the others are subscribed to. */
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

/** Readings of the subscribed series. `conflated`: under pressure only first, minimum, maximum and last of each series were kept. `lane` `resume`: what was missed before. The browser acknowledges every frame. */
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

/** `waiting`: readings in the collector's backlog; `oldest_waiting`: when the oldest of them was taken. */
export type DeviceState = {
  id: string;
  online: boolean;
  last_seen_at: string;
  waiting: number | null;
  oldest_waiting: number | null;
};

/** Devices whose state has changed since the last of these; at most one a second. */
export type DeviceStates = {
  items: readonly DeviceState[];
};

export type Notice = {
  code: "slow_client";
  detail: string;
};

/** The gateway is about to end. Come back after `after_ms` (spread, so that not all come at once) with `pos`. */
export type Drain = {
  after_ms: number;
};

/** Why the gateway closes this socket now: nothing follows. */
export type Ended = {
  code: "session_ended" | "token_expired" | "other_account" | "slow_client";
  detail: string;
};
