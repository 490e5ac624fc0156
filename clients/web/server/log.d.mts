import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

export type Level = "info" | "warning" | "error";
export type Log = (level: Level, event: string, fields?: Record<string, unknown>) => void;
type Known = { client: string; requestId: string };

/** Returns a log that writes one JSON line per event with `write`. */
export function jsonLog(write: (line: string) => void): Log;

/** Sends the messages of a console to the log. */
export function logConsole(log: Log, target?: Console): void;

/** Logs a request when its response has ended. */
export function logRequest(log: Log, request: IncomingMessage, response: ServerResponse, known: Known): void;

/** Logs a live socket when it is closed. */
export function logSocket(log: Log, request: IncomingMessage, socket: Duplex, known: Known): void;
