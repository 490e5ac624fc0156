// Generated from pulse_contracts.live by `make generate`. Do not edit.

/** Replaces the subscription of this socket. `rate`: frames per second. `pos`: the feed position that the browser holds per device; what it missed since comes first. */
export type Subscribe = {
  series: readonly number[];
  rate?: number;
  pos?: Readonly<Record<string, number>>;
};

/** `resumed` says per device: `exact` (what was missed follows), `history` (too old or too much: load it by HTTP), or `live` (from now on). */
export type Subscribed = {
  ok: true;
  pos: Readonly<Record<string, number>>;
  resumed: Readonly<Record<string, "live" | "exact" | "history">>;
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

export type DeviceState = {
  id: string;
  online: boolean;
  last_seen_at: string | null;
};

export type Notice = {
  code: "slow_client";
  detail: string;
};
