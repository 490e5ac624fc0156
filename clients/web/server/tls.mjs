// @ts-check
// The certificate of the public port: PULSE_TLS_CERT_FILE and PULSE_TLS_KEY_FILE.
import { readFileSync, watchFile } from "node:fs";

const CHECK_EVERY_MS = 60_000;

/**
 * The certificate and its key (PEM); undefined without settings. Throws an Error when a file cannot be read.
 * @param {NodeJS.ProcessEnv} env
 */
export function readCertificate(env) {
  const { PULSE_TLS_CERT_FILE: certFile, PULSE_TLS_KEY_FILE: keyFile } = env;
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) throw new Error("PULSE_TLS_CERT_FILE and PULSE_TLS_KEY_FILE: set both, or none");
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/**
 * Reads the certificate again when one of its files changes. New connections get the new one. A certificate that cannot be used
 * is logged, and the old one stays.
 * @param {import("node:tls").Server} server
 * @param {NodeJS.ProcessEnv} env
 * @param {import("./log.mjs").Log} log
 * @param {number} [interval] milliseconds between two checks
 */
export function reloadCertificate(server, env, log, interval = CHECK_EVERY_MS) {
  const reload = () => {
    try {
      const certificate = readCertificate(env);
      if (certificate) server.setSecureContext(certificate);
      log("info", "certificate_reloaded");
    } catch (error) {
      log("warning", "certificate_not_reloaded", { reason: String(error) });
    }
  };
  // Both: a renewal writes one file after the other, and the first check may fall between them.
  const watchers = [env.PULSE_TLS_CERT_FILE, env.PULSE_TLS_KEY_FILE].map((file) =>
    watchFile(String(file), { interval, persistent: false }, reload),
  );
  server.once("close", () => watchers.forEach((watcher) => watcher.removeAllListeners()));
}
