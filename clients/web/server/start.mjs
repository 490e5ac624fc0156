// Starts the built server with the request filter. scripts/copy-static.mjs copies this file next to server.js.
import http from "node:http";
import { createRequire } from "node:module";
import { filterRequests, socketsPerAddress } from "./request-filter.mjs";

let limit = 0;
try {
  limit = socketsPerAddress(process.env.PULSE_SOCKETS_PER_ADDRESS);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const createServer = http.createServer;
http.createServer = (...args) => filterRequests(createServer(...args), limit);

createRequire(import.meta.url)("./server.js");
