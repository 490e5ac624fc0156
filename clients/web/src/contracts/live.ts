// The Socket.IO events between the browser and the telemetry gateway: which message goes where. The messages themselves
// are generated from the Python contracts.
import type {
  Authenticate,
  Authenticated as Accepted,
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

export type { Authenticate, Drain, Ended, LiveFrame, Notice, Subscribe, TokenExpiring };

export type RawValue = LiveFrame["v"][number];
export type Lane = LiveFrame["lane"];
/** Feed position of each device: what has been delivered to this browser. */
export type Positions = LiveFrame["pos"];
export type Resumed = Granted["resumed"][string];
export type Refusal = LiveRefusal;
export type Subscribed = Granted | LiveRefusal;
export type Authenticated = Accepted | LiveRefusal;
export type DeviceChanged = DeviceState;
export type Probed = { t: number };

/** The namespace of all of these. */
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
