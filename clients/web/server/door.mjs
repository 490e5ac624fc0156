// @ts-check
// What the public port refuses before Next sees it, and what it never says.
import { randomUUID } from "node:crypto";

/**
 * @typedef {import("node:http").IncomingMessage} Incoming
 * @typedef {{ status: number, code: string, title: string, detail: string }} Refusal
 */

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const LINGER_MS = 2_000;
/** Next notes here where a request was sent inside. */
const INNER_HEADERS = "x-middleware-";

/** @type {Refusal} */
const UNKNOWN_UPGRADE = {
  status: 400,
  code: "unknown_upgrade",
  title: "Bad request",
  detail:
    "This server upgrades connections to WebSocket at /socket.io/ only. Send the request without Upgrade.",
};

/**
 * Puts the door before an HTTP server: it refuses requests that no service may see, closes connections that ask for an
 * unknown upgrade, and takes inner addresses out of answers. Returns the server.
 * @template {import("node:http").Server} S
 * @param {S} server
 * @returns {S}
 */
export function guard(server) {
  const emit = server.emit.bind(server);
  server.emit = (/** @type {string} */ event, /** @type {any[]} */ ...rest) => {
    if (event === "upgrade") {
      const [request, socket] = rest;
      const refusal = refusalOf(request) ?? (isLiveSocket(request) ? null : UNKNOWN_UPGRADE);
      if (refusal) {
        refuseUpgrade(socket, refusal);
        return true;
      }
    }
    if (event === "request") {
      const [request, response] = rest;
      const refusal = refusalOf(request);
      if (refusal) {
        refuse(response, refusal);
        return true;
      }
      keepInnerHeaders(response);
    }
    return emit(event, ...rest);
  };
  return server;
}

/**
 * @param {Incoming} request
 * @returns {Refusal | null}
 */
function refusalOf(request) {
  if (!METHODS.includes(request.method ?? "")) {
    const detail = `Use one of ${METHODS.join(", ")}.`;
    return { status: 405, code: "method_not_allowed", title: "Method not allowed", detail };
  }
  // Node keeps the first of several and drops the others: whoever stands before us may have believed another one.
  const hosts = request.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1) {
    const detail = "Send exactly one Host header.";
    return { status: 400, code: "several_hosts", title: "Bad request", detail };
  }
  return null;
}

/** @param {Incoming} request */
function isLiveSocket(request) {
  const path = (request.url ?? "").split("?", 1)[0];
  return path === "/socket.io/" && request.headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Refusal} refusal
 */
function refuse(response, refusal) {
  const { headers, body } = problem(refusal);
  response.writeHead(refusal.status, headers).end(body);
}

/**
 * @param {import("node:stream").Duplex} socket
 * @param {Refusal} refusal
 */
function refuseUpgrade(socket, refusal) {
  const { headers, body } = problem(refusal);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${refusal.status} ${refusal.title}`, ...lines, "", ""].join("\r\n");
  socket.on("error", () => {}); // the client is gone already
  socket.end(head + body);
  setTimeout(() => socket.destroy(), LINGER_MS).unref(); // a client that keeps its half open holds no connection
}

/** @param {Refusal} refusal */
function problem({ status, code, title, detail }) {
  const requestId = randomUUID();
  const body = JSON.stringify({ type: "about:blank", title, status, detail, code, request_id: requestId });
  const headers = {
    "content-type": "application/problem+json",
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    connection: "close",
    ...(status === 405 ? { allow: METHODS.join(", ") } : {}),
  };
  return { headers, body };
}

/** @param {import("node:http").ServerResponse} response */
function keepInnerHeaders(response) {
  const writeHead = response.writeHead;
  response.writeHead = function (/** @type {any[]} */ ...given) {
    for (const name of response.getHeaderNames()) {
      if (name.startsWith(INNER_HEADERS)) response.removeHeader(name);
    }
    return Reflect.apply(writeHead, response, given);
  };
}
