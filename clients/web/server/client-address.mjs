// @ts-check
// The client's address and protocol of a request, also behind the proxies of PULSE_TRUSTED_PROXIES.
import { BlockList, isIP, isIPv4 } from "node:net";

/**
 * @typedef {{ remoteAddress?: string | undefined, encrypted?: boolean }} Peer
 * @typedef {import("node:http").IncomingHttpHeaders} Headers
 */

/**
 * Parses PULSE_TRUSTED_PROXIES: a JSON list of addresses and networks. Throws an Error that names an invalid entry.
 * @param {string} [text]
 */
export function trustedProxies(text) {
  const networks = new BlockList();
  for (const entry of text ? entriesOf(text) : []) {
    const [address = "", prefix] = entry.split("/");
    const version = isIP(address);
    const bits =
      prefix === undefined ? (version === 4 ? 32 : 128) : /^\d+$/.test(prefix) ? Number(prefix) : NaN;
    if (!version || !Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128)) {
      throw new Error(`PULSE_TRUSTED_PROXIES: ${JSON.stringify(entry)} is not an address or a network`);
    }
    networks.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
  }
  return networks;
}

/** @param {string} text */
function entriesOf(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (!Array.isArray(found) || found.some((entry) => typeof entry !== "string")) {
    throw new Error('PULSE_TRUSTED_PROXIES must be a JSON list of addresses, for example ["192.0.2.1"]');
  }
  return /** @type {string[]} */ (found);
}

/**
 * The client's address: the peer's, or the last entry of `X-Forwarded-For` if the peer is a trusted proxy. Clients can
 * forge the other entries. "" when the connection is gone.
 * @param {Peer} peer
 * @param {Headers} headers
 * @param {BlockList} trusted
 */
export function clientAddress(peer, headers, trusted) {
  const direct = plainAddress(peer.remoteAddress ?? "");
  if (!isTrusted(direct, trusted)) return direct;
  const forwarded = String(headers["x-forwarded-for"] ?? "");
  const last = plainAddress(forwarded.slice(forwarded.lastIndexOf(",") + 1).trim());
  return isIP(last) ? last : direct;
}

/**
 * The protocol that the client used: that of the connection, or `X-Forwarded-Proto` if the peer is a trusted proxy.
 * @param {Peer} peer
 * @param {Headers} headers
 * @param {BlockList} trusted
 * @returns {"http" | "https"}
 */
export function clientProtocol(peer, headers, trusted) {
  const forwarded = isTrusted(plainAddress(peer.remoteAddress ?? ""), trusted)
    ? headers["x-forwarded-proto"]
    : undefined;
  return peer.encrypted || forwarded === "https" ? "https" : "http";
}

/**
 * Whether the peer is a trusted proxy.
 * @param {Peer} peer
 * @param {BlockList} trusted
 */
export function isTrustedPeer(peer, trusted) {
  return isTrusted(plainAddress(peer.remoteAddress ?? ""), trusted);
}

/**
 * @param {string} address
 * @param {BlockList} trusted
 */
function isTrusted(address, trusted) {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? "ipv4" : "ipv6");
}

/**
 * An IPv4 address in its own form, also when the socket shows it as IPv6.
 * @param {string} address
 */
function plainAddress(address) {
  const v4 = address.replace(/^::ffff:(?=[\d.]+$)/, "");
  return isIPv4(v4) ? v4 : address.split("%", 1)[0] || "";
}
