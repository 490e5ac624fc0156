import type { IncomingMessage } from "node:http";

/** The value of the header: a year. */
export const STRICT_TRANSPORT: string;

/** The host whose responses carry the header; undefined for none. Throws an Error for an invalid PULSE_HSTS. */
export function strictHost(env: NodeJS.ProcessEnv): string | undefined;

/** Whether a request is for this host. */
export function isFor(request: IncomingMessage, host: string): boolean;
