// Starts the built server behind its door. Copied beside server.js by scripts/copy-static.mjs.
import http from "node:http";
import { createRequire } from "node:module";
import { guard } from "./door.mjs";

const createServer = http.createServer;
http.createServer = (...given) => guard(createServer(...given));

createRequire(import.meta.url)("./server.js");
