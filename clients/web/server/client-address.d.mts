import type { BlockList } from "node:net";
import type { IncomingHttpHeaders } from "node:http";

export type Peer = { remoteAddress?: string | undefined; encrypted?: boolean };

/** Parses PULSE_TRUSTED_PROXIES, a JSON list. Throws an Error that names an invalid entry. */
export function trustedProxies(text?: string): BlockList;

/** The client's address; "" when the connection is gone. */
export function clientAddress(peer: Peer, headers: IncomingHttpHeaders, trusted: BlockList): string;

/** Whether the peer is a trusted proxy. */
export function isTrustedPeer(peer: Peer, trusted: BlockList): boolean;

/** The protocol that the client used. */
export function clientProtocol(
  peer: Peer,
  headers: IncomingHttpHeaders,
  trusted: BlockList,
): "http" | "https";
