// Starts the built server with the request filter. scripts/copy-static.mjs copies this folder next to server.js.
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";
import { trustedProxies } from "./client-address.mjs";
import { jsonLog, logConsole } from "./log.mjs";
import { filterRequests, socketsPerAddress } from "./request-filter.mjs";
import { strictHost } from "./strict-transport.mjs";
import { readCertificate, reloadCertificate } from "./tls.mjs";

const log = jsonLog((line) => process.stdout.write(line));
const options = { log };
let certificate;
try {
  options.limit = socketsPerAddress(process.env.PULSE_SOCKETS_PER_ADDRESS);
  options.trusted = trustedProxies(process.env.PULSE_TRUSTED_PROXIES);
  options.strictHost = strictHost(process.env);
  certificate = readCertificate(process.env);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
logConsole(log);
process.env.PULSE_HAS_REQUEST_FILTER = "1"; // src/proxy.ts trusts the filter's headers about the client
const createHttpServer = http.createServer;
// Next creates its only server with http.createServer. With a certificate, the same requests come over TLS.
http.createServer = (...args) => {
  if (!certificate) return filterRequests(createHttpServer(...args), options);
  const server = https.createServer(certificate, args.at(-1));
  reloadCertificate(server, process.env, log);
  return filterRequests(server, options);
};

createRequire(import.meta.url)("./server.js");
