import type { Server } from "node:http";
import type { BlockList } from "node:net";
import type { Log } from "./log.mjs";

/** Parses PULSE_SOCKETS_PER_ADDRESS; 0 means no limit. Throws an Error that says which values are valid. */
export function socketsPerAddress(text?: string): number;

export type Options = {
  limit?: number;
  trusted?: BlockList;
  strictHost?: string | undefined;
  log?: Log;
};

/** Filters and logs the requests of an HTTP server. `limit`: sockets per address. `strictHost`: the host whose responses
 * carry Strict-Transport-Security. Returns the server. */
export function filterRequests<S extends Server>(server: S, options?: Options): S;

/** The key under which a client's sockets are counted; null for this machine. */
export function clientKey(address: string): string | null;
