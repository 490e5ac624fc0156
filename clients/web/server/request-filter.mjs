// @ts-check
// Rejects invalid requests at the public port before Next gets them, tells the back ends who the client is, logs each
// request, and removes internal headers from responses.
import { randomUUID } from "node:crypto";
import { BlockList, isIPv4 } from "node:net";
import { clientAddress, clientProtocol, isTrustedPeer } from "./client-address.mjs";
import { logRequest, logSocket } from "./log.mjs";
import { isFor, STRICT_TRANSPORT } from "./strict-transport.mjs";

/**
 * @typedef {import("node:http").IncomingMessage} Incoming
 * @typedef {{ status: number, code: string, title: string, detail: string }} Rejection
 * @typedef {import("./log.mjs").Log} Log
 * @typedef {{ limit?: number, trusted?: BlockList, strictHost?: string | undefined, log?: Log }} Options
 */

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** How long a rejected upgrade stays open when the client does not close its side. */
const LINGER_MS = 2_000;
/** Default of PULSE_SOCKETS_PER_ADDRESS: the open live sockets of one address. */
const SOCKETS_PER_ADDRESS = 200;
/** Headers about the client. A client could forge them, so the filter removes them or writes its own. */
const FORGEABLE = ["x-real-ip", "forwarded", "x-user", "x-forwarded-host", "x-forwarded-port"];
/** Equals the rule of the services (pulse_chassis.http.app). */
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** The prefix of Next's headers with the addresses of back ends. */
const INTERNAL_PREFIX = "x-middleware-";

/** @type {Rejection} */
const UNKNOWN_UPGRADE = {
  status: 400,
  code: "unknown_upgrade",
  title: "Bad request",
  detail:
    "This server upgrades connections to WebSocket at /socket.io/ only. Send the request without Upgrade.",
};

/** @type {Rejection} */
const TOO_MANY_SOCKETS = {
  status: 429,
  code: "too_many_sockets",
  title: "Too many requests",
  detail: "Too many live views are open from this address. Close some and try again.",
};

/**
 * Parses PULSE_SOCKETS_PER_ADDRESS; 0 means no limit. Throws an Error that says which values are valid.
 * @param {string} [text]
 */
export function socketsPerAddress(text) {
  if (!text) return SOCKETS_PER_ADDRESS;
  if (!/^\d{1,7}$/.test(text)) {
    throw new Error(
      `PULSE_SOCKETS_PER_ADDRESS=${JSON.stringify(text)}: use a number from 1 to 9999999, or 0 for no limit`,
    );
  }
  return Number(text) || Infinity;
}

/**
 * Filters the requests of an HTTP server: rejects invalid requests and unknown upgrades, limits the live sockets of one
 * address, sets the headers about the client, logs, and removes internal headers from responses. Returns the server.
 * `limit`: sockets per address. `trusted`: the proxies whose headers about the client are true. `strictHost`: the host whose
 * responses carry Strict-Transport-Security.
 * @template {import("node:http").Server} S
 * @param {S} server
 * @param {Options} [options]
 * @returns {S}
 */
export function filterRequests(server, options = {}) {
  const { limit = SOCKETS_PER_ADDRESS, trusted = new BlockList(), strictHost, log = () => {} } = options;
  /** @type {Map<string, number>} */
  const open = new Map();
  let hasWarned = false;
  const emit = server.emit.bind(server);
  server.emit = (/** @type {string} */ event, /** @type {any[]} */ ...args) => {
    if (event === "upgrade") {
      const [request, socket] = args;
      const known = identify(request, socket, trusted);
      logSocket(log, request, socket, known);
      const rejection =
        rejectionOf(request) ??
        (isLiveSocket(request) ? null : UNKNOWN_UPGRADE) ??
        (takeSlot(open, socket, known.client, limit) ? null : TOO_MANY_SOCKETS);
      if (rejection) {
        rejectUpgrade(socket, rejection, known.requestId);
        return true;
      }
    }
    if (event === "request") {
      const [request, response] = args;
      if (!hasWarned && request.headers["x-forwarded-for"] && !isTrustedPeer(request.socket, trusted)) {
        hasWarned = true; // once, because any client can send this header
        const remedy = "if this address is your proxy, add it to PULSE_TRUSTED_PROXIES";
        log("warning", "untrusted_forwarded_header", { client: request.socket.remoteAddress, remedy });
      }
      const isPlain =
        isTrustedPeer(request.socket, trusted) && request.headers["x-forwarded-proto"] === "http";
      if (strictHost && !isPlain && isFor(request, strictHost)) {
        response.setHeader("strict-transport-security", STRICT_TRANSPORT);
      }
      const known = identify(request, request.socket, trusted);
      logRequest(log, request, response, known);
      const rejection = rejectionOf(request);
      if (rejection) {
        reject(response, rejection, known.requestId);
        return true;
      }
      removeInternalHeaders(response);
    }
    return emit(event, ...args);
  };
  return server;
}

/**
 * Sets the headers about the client, and the request id, for Next and the back ends.
 * @param {Incoming} request
 * @param {import("./client-address.mjs").Peer} peer
 * @param {BlockList} trusted
 */
function identify(request, peer, trusted) {
  const { headers } = request;
  const client = clientAddress(peer, headers, trusted);
  const protocol = clientProtocol(peer, headers, trusted);
  const sent = String(headers["x-request-id"] ?? "");
  const requestId = REQUEST_ID.test(sent) ? sent : randomUUID();
  for (const name of FORGEABLE) delete headers[name];
  headers["x-forwarded-for"] = client;
  headers["x-forwarded-proto"] = protocol;
  headers["x-request-id"] = requestId;
  return { client, requestId };
}

/**
 * @param {Incoming} request
 * @returns {Rejection | null}
 */
function rejectionOf(request) {
  if (!METHODS.includes(request.method ?? "")) {
    const detail = `Use one of ${METHODS.join(", ")}.`;
    return { status: 405, code: "method_not_allowed", title: "Method not allowed", detail };
  }
  if (!request.url?.startsWith("/")) {
    const detail = "Send the path of the address only, starting with a slash.";
    return { status: 400, code: "unknown_target", title: "Bad request", detail };
  }
  // Node keeps the first of several Host headers. A proxy in front may have used another one.
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
 * @param {Map<string, number>} open
 * @param {import("node:net").Socket} socket
 * @param {string} client
 * @param {number} limit
 */
function takeSlot(open, socket, client, limit) {
  const address = clientKey(client);
  if (address === null) return true;
  const count = open.get(address) ?? 0;
  if (count >= limit) return false;
  open.set(address, count + 1);
  socket.once("close", () => {
    const left = (open.get(address) ?? 1) - 1;
    if (left > 0) open.set(address, left);
    else open.delete(address);
  });
  return true;
}

/**
 * The key under which a client's sockets are counted. An IPv6 client has a /64 to itself, so its key is the /64. Null for
 * this machine, where a reverse proxy may connect for all clients.
 * @param {string} address
 */
export function clientKey(address) {
  const v4 = address.replace(/^::ffff:(?=[\d.]+$)/, "");
  if (v4 === "" || v4 === "::1" || v4.startsWith("127.")) return null;
  if (isIPv4(v4)) return v4;
  const [head = "", tail] = v4.split("%", 1)[0]?.split("::") ?? [];
  const first = head.split(":").filter(Boolean);
  const last = tail?.split(":").filter(Boolean) ?? [];
  const groups = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => "0"), ...last];
  return groups.slice(0, 4).join(":");
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Rejection} rejection
 * @param {string} requestId
 */
function reject(response, rejection, requestId) {
  const { headers, body } = problem(rejection, requestId);
  response.writeHead(rejection.status, headers).end(body);
}

/**
 * @param {import("node:stream").Duplex} socket
 * @param {Rejection} rejection
 * @param {string} requestId
 */
function rejectUpgrade(socket, rejection, requestId) {
  const { headers, body } = problem(rejection, requestId);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${rejection.status} ${rejection.title}`, ...lines, "", ""].join("\r\n");
  socket.on("error", () => {}); // the client has disconnected
  socket.end(head + body);
  setTimeout(() => socket.destroy(), LINGER_MS).unref(); // closes the connection when the client does not
}

/**
 * @param {Rejection} rejection
 * @param {string} requestId
 */
function problem({ status, code, title, detail }, requestId) {
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
function removeInternalHeaders(response) {
  const writeHead = response.writeHead;
  response.writeHead = function (/** @type {any[]} */ ...args) {
    for (const name of response.getHeaderNames()) {
      if (name.startsWith(INTERNAL_PREFIX)) response.removeHeader(name);
    }
    return Reflect.apply(writeHead, response, args);
  };
}
