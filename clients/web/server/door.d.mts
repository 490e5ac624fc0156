import type { Server } from "node:http";

/** What PULSE_SOCKETS_PER_ADDRESS says: 0 is no limit. Throws an Error whose message says what to type. */
export function socketsPerAddress(text?: string): number;

/** Puts the door before an HTTP server; returns the server. */
export function guard<S extends Server>(server: S, most?: number): S;

/** By which name a client is counted; null for this machine itself. */
export function clientOf(address: string): string | null;
