import type { Server } from "node:http";

/** Puts the door before an HTTP server; returns the server. */
export function guard<S extends Server>(server: S, socketsPerAddress?: number): S;

/** By which name a client is counted; null for this machine itself. */
export function clientOf(address: string): string | null;
