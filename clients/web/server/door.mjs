// @ts-check
// What the public port refuses before Next sees it, and what it never says.
import { randomUUID } from "node:crypto";
import { isIPv4 } from "node:net";

/**
 * @typedef {import("node:http").IncomingMessage} Incoming
 * @typedef {{ status: number, code: string, title: string, detail: string }} Refusal
 */

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const LINGER_MS = 2_000;
/** Sockets of the live view at the same time from one address, unless PULSE_SOCKETS_PER_ADDRESS says otherwise. */
const SOCKETS_PER_ADDRESS = 200;
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

/** @type {Refusal} */
const TOO_MANY_SOCKETS = {
  status: 429,
  code: "too_many_sockets",
  title: "Too many requests",
  detail: "Too many live views are open from this address. Close some and try again.",
};

/**
 * What PULSE_SOCKETS_PER_ADDRESS says: 0 is no limit. Throws an Error whose message says what to type.
 * @param {string} [text]
 */
export function socketsPerAddress(text) {
  if (!text) return SOCKETS_PER_ADDRESS;
  if (!/^\d{1,7}$/.test(text)) {
    throw new Error(
      `PULSE_SOCKETS_PER_ADDRESS=${JSON.stringify(text)}: choose 1 to 9999999, or 0 for no limit`,
    );
  }
  return Number(text) || Infinity;
}

/**
 * Puts the door before an HTTP server: it refuses requests that no service may see, closes connections that ask for an
 * unknown upgrade, lets one address open so many sockets, and takes inner addresses out of answers. Returns the server.
 * @template {import("node:http").Server} S
 * @param {S} server
 * @param {number} [most] sockets per address
 * @returns {S}
 */
export function guard(server, most = SOCKETS_PER_ADDRESS) {
  /** @type {Map<string, number>} */
  const open = new Map();
  const emit = server.emit.bind(server);
  server.emit = (/** @type {string} */ event, /** @type {any[]} */ ...rest) => {
    if (event === "upgrade") {
      const [request, socket] = rest;
      const refusal =
        refusalOf(request) ??
        (isLiveSocket(request) ? null : UNKNOWN_UPGRADE) ??
        (takePlace(open, socket, most) ? null : TOO_MANY_SOCKETS);
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
  if (!request.url?.startsWith("/")) {
    const detail = "Send the path of the address alone, beginning with a slash.";
    return { status: 400, code: "unknown_target", title: "Bad request", detail };
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
 * @param {Map<string, number>} open
 * @param {import("node:net").Socket} socket
 * @param {number} most
 */
function takePlace(open, socket, most) {
  const address = clientOf(socket.remoteAddress ?? "");
  if (address === null) return true;
  const before = open.get(address) ?? 0;
  if (before >= most) return false;
  open.set(address, before + 1);
  socket.once("close", () => {
    const left = (open.get(address) ?? 1) - 1;
    if (left > 0) open.set(address, left);
    else open.delete(address);
  });
  return true;
}

/**
 * By which name a client is counted: an IPv6 one by its /64, which it has to itself. Null for this machine itself, where
 * a reverse proxy speaks for everybody.
 * @param {string} address
 */
export function clientOf(address) {
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
