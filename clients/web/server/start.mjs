// Starts the built server behind its door. Copied beside server.js by scripts/copy-static.mjs.
import http from "node:http";
import { createRequire } from "node:module";
import { guard, socketsPerAddress } from "./door.mjs";

let most = 0;
try {
  most = socketsPerAddress(process.env.PULSE_SOCKETS_PER_ADDRESS);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const createServer = http.createServer;
http.createServer = (...given) => guard(createServer(...given), most);

createRequire(import.meta.url)("./server.js");
