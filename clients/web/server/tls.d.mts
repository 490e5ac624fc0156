import type { Server } from "node:tls";
import type { Log } from "./log.mjs";

type Certificate = { cert: Buffer; key: Buffer };

/** The certificate and its key; undefined without settings. Throws an Error when a file cannot be read. */
export function readCertificate(env: NodeJS.ProcessEnv): Certificate | undefined;

/** Reads the certificate again when its file changes. */
export function reloadCertificate(server: Server, env: NodeJS.ProcessEnv, log: Log, interval?: number): void;
