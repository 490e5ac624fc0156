// @ts-check
// Logs as JSON, one event a line, with the field names of the services' logs (pulse_chassis.observability.logs).
import { format } from "node:util";

/**
 * @typedef {"info" | "warning" | "error"} Level
 * @typedef {(level: Level, event: string, fields?: Record<string, unknown>) => void} Log
 */

/** Paths that probes ask every second. Their successful answers are not logged. */
const QUIET = new Set(["/livez", "/healthz"]);
/** A longer path is cut in the log. */
const MAX_PATH = 256;

/**
 * Returns a log that writes lines with `write`.
 * @param {(line: string) => void} write
 * @returns {Log}
 */
export function jsonLog(write) {
  return (level, event, fields = {}) => {
    const timestamp = new Date().toISOString();
    const logger = "pulse.web";
    write(`${JSON.stringify({ ...fields, event, service: "web", level, logger, timestamp })}\n`);
  };
}

/**
 * Sends the console's messages, which Next.js writes, to the log.
 * @param {Log} log
 * @param {Console} [target]
 */
export function logConsole(log, target = console) {
  /** @type {(level: Level) => (...parts: unknown[]) => void} */
  const writer =
    (level) =>
    (...parts) => {
      const message = withoutColor(format(...parts)).trim();
      if (message) log(level, "server_message", { message });
    };
  target.log = target.info = target.debug = writer("info");
  target.warn = writer("warning");
  target.error = writer("error");
}

/** @param {string} text */
function withoutColor(text) {
  return text.replace(/\u001b\[[\d;]*m/g, "");
}

/**
 * Logs a request when its response has ended. `aborted`: the client disconnected before that.
 * @param {Log} log
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 * @param {{ client: string, requestId: string }} known
 */
export function logRequest(log, request, response, { client, requestId }) {
  const began = performance.now();
  const fields = { request_id: requestId, method: request.method, path: pathOf(request.url), client };
  response.setMaxListeners(response.getMaxListeners() + 1); // Next adds as many as Node allows without a warning
  response.once("close", () => {
    const status = response.statusCode;
    if (status < 400 && QUIET.has(fields.path)) return;
    const aborted = response.writableFinished ? {} : { aborted: true };
    log("info", "request", { ...fields, status, ms: since(began), ...aborted });
  });
}

/**
 * Logs a live socket when it is closed, with the time that it was open.
 * @param {Log} log
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:stream").Duplex} socket
 * @param {{ client: string, requestId: string }} known
 */
export function logSocket(log, request, socket, { client, requestId }) {
  const began = performance.now();
  const fields = { request_id: requestId, method: request.method, path: pathOf(request.url), client };
  socket.once("close", () => log("info", "socket_closed", { ...fields, ms: since(began) }));
}

/** @param {string} [url] */
function pathOf(url) {
  return (url ?? "").split("?", 1)[0]?.slice(0, MAX_PATH) ?? "";
}

/** @param {number} began */
function since(began) {
  return Math.round((performance.now() - began) * 10) / 10;
}
