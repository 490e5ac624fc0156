// @ts-check
// Strict-Transport-Security (RFC 6797): browsers that have seen it open this host with HTTPS only, for a year.
import { isIP } from "node:net";

/** A year. Without subdomains and preload, which would bind other servers of the domain. */
export const STRICT_TRANSPORT = "max-age=31536000";

/**
 * The host whose responses carry the header: that of PULSE_PUBLIC_URL if it is an https address. Undefined for none: with
 * PULSE_HSTS=off, and for addresses to which browsers do not apply it or which other programs share (IP addresses and
 * localhost). Throws an Error for another value of PULSE_HSTS.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function strictHost(env) {
  const { PULSE_HSTS: choice = "", PULSE_PUBLIC_URL: publicUrl } = env;
  if (!["", "on", "off"].includes(choice)) throw new Error("PULSE_HSTS: use on or off");
  if (choice === "off" || !publicUrl || !URL.canParse(publicUrl)) return undefined;
  const { protocol, hostname } = new URL(publicUrl);
  const isShared = hostname === "localhost" || isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
  return protocol === "https:" && !isShared ? hostname : undefined;
}

/**
 * Whether a request is for this host.
 * @param {import("node:http").IncomingMessage} request
 * @param {string} host
 */
export function isFor(request, host) {
  return request.headers.host?.toLowerCase().replace(/:\d+$/, "") === host;
}
