import type { Server } from "node:http";

/** Puts the door before an HTTP server; returns the server. */
export function guard<S extends Server>(server: S): S;
