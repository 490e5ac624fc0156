// Starts the built server with the request filter. scripts/copy-static.mjs copies this folder next to server.js.
import http from "node:http";
import { createRequire } from "node:module";
import { trustedProxies } from "./client-address.mjs";
import { jsonLog, logConsole } from "./log.mjs";
import { filterRequests, socketsPerAddress } from "./request-filter.mjs";

const log = jsonLog((line) => process.stdout.write(line));
const options = { log };
try {
  options.limit = socketsPerAddress(process.env.PULSE_SOCKETS_PER_ADDRESS);
  options.trusted = trustedProxies(process.env.PULSE_TRUSTED_PROXIES);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
logConsole(log);
process.env.PULSE_HAS_REQUEST_FILTER = "1"; // src/proxy.ts trusts the filter's headers about the client
const createServer = http.createServer;
http.createServer = (...args) => filterRequests(createServer(...args), options);

createRequire(import.meta.url)("./server.js");
