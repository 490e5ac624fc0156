// The Socket.IO events between browser and telemetry gateway. The message types are generated from the Python contracts.
import type {
  Authenticate,
  CHANGE_NAMESPACES,
  Authenticated as Accepted,
  Changes,
  DeviceState,
  DeviceStates,
  Drain,
  Ended,
  LiveFrame,
  LiveRefusal,
  Notice,
  Subscribe,
  Subscribed as Granted,
  TokenExpiring,
} from "@/contracts/generated/live";
export type { Authenticate, Changes, Drain, Ended, LiveFrame, Notice, Subscribe, TokenExpiring };

export type RawValue = LiveFrame["v"][number];
export type Lane = LiveFrame["lane"];
/** The feed position of each device: what this browser has received. */
export type Positions = LiveFrame["pos"];
export type Resumed = Granted["resumed"][string];
export type Refusal = LiveRefusal;
export type Subscribed = Granted | LiveRefusal;
export type Authenticated = Accepted | LiveRefusal;
export type DeviceChanged = DeviceState;
export type Probed = { t: number };

/** The Socket.IO namespace of these events. */
export const NAMESPACE = "/live";

export type ServerEvents = {
  frame: (frame: unknown, ack?: () => void) => void;
  token_expiring: (message: TokenExpiring) => void;
  devices: (message: DeviceStates) => void;
  notice: (message: Notice) => void;
  drain: (message: Drain) => void;
  ended: (message: Ended) => void;
};

export type ClientEvents = {
  subscribe: (message: Subscribe, ack: (answer: Subscribed) => void) => void;
  authenticate: (message: Authenticate, ack: (answer: Authenticated) => void) => void;
  probe: (message: Record<string, never>, ack: (answer: Probed) => void) => void;
};

/** A namespace of changes. A browser joins `NAMESPACE` first. */
export type ChangeNamespace = keyof typeof CHANGE_NAMESPACES;

export type ChangeEvents = {
  changed: (message: Changes) => void;
  /** Anything may have changed. */
  reload: () => void;
};
