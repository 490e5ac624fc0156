// Completes .next/standalone after a build: the server serves static files and public/ from beside itself, and is started
// behind its door.
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const standalone = join(root, ".next", "standalone");

if (!existsSync(join(standalone, "server.js"))) {
  throw new Error(`no server.js in ${standalone}: did the build write its output somewhere else?`);
}
cpSync(join(root, ".next", "static"), join(standalone, ".next", "static"), { recursive: true });
for (const name of ["door.mjs", "start.mjs"]) cpSync(join(root, "server", name), join(standalone, name));
if (existsSync(join(root, "public"))) {
  cpSync(join(root, "public"), join(standalone, "public"), { recursive: true });
}
