import type { Server } from "node:http";

/** Parses PULSE_SOCKETS_PER_ADDRESS; 0 means no limit. Throws an Error that says which values are valid. */
export function socketsPerAddress(text?: string): number;

/** Filters the requests of an HTTP server. `limit`: sockets per address. Returns the server. */
export function filterRequests<S extends Server>(server: S, limit?: number): S;

/** The key under which a client's sockets are counted; null for this machine. */
export function clientKey(address: string): string | null;
