// Completes .next/standalone after a build: copies the static files, public/ and the start script next to server.js.
import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const standalone = join(root, ".next", "standalone");

if (!existsSync(join(standalone, "server.js"))) {
  throw new Error(`${standalone} has no server.js. Check the output path of the build.`);
}
cpSync(join(root, ".next", "static"), join(standalone, ".next", "static"), { recursive: true });
for (const name of readdirSync(join(root, "server")).filter((name) => name.endsWith(".mjs"))) {
  cpSync(join(root, "server", name), join(standalone, name));
}
if (existsSync(join(root, "public"))) {
  cpSync(join(root, "public"), join(standalone, "public"), { recursive: true });
}
