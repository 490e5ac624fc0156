// @ts-check
// Generates the TypeScript types of the HTTP APIs from the OpenAPI documents of the services. `make generate` runs it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import openapi, { astToString } from "openapi-typescript";

const WEB = join(dirname(fileURLToPath(import.meta.url)), "..");
const DOCUMENTS = join(WEB, "../../docs/api");
const TARGET = join(WEB, "src/contracts/generated");
const SERVICES = ["auth", "users", "telemetry", "sync"];
const PROSE = new Set(["title", "description", "summary", "example", "examples", "tags"]);
const METHODS = ["get", "put", "post", "patch", "delete"];

/**
 * The text of each generated file by its path.
 * @returns {Promise<Map<string, string>>}
 */
export async function httpTypes() {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const service of SERVICES) {
    const name = `${service}.openapi.json`;
    const document = JSON.parse(await readFile(join(DOCUMENTS, name), "utf8"));
    const types = await openapi(typedPart(document), {
      immutable: true,
      exportType: true,
      // A field with a default may be left out of a request; `required` says which fields an answer always has.
      defaultNonNullable: false,
    });
    const head = `// Generated from docs/api/${name} by \`make generate\`. Do not edit.\n\n`;
    files.set(join(TARGET, `${service}.ts`), head + astToString(types));
  }
  return files;
}

/**
 * The document without texts and without error answers, which are all problem documents. The types change only when
 * the structure of a request or a response changes.
 * @param {any} document
 */
function typedPart(document) {
  const copy = structuredClone(document);
  for (const operations of Object.values(copy.paths)) {
    for (const method of METHODS) {
      const responses = operations[method]?.responses ?? {};
      for (const status of Object.keys(responses)) if (Number(status) >= 400) delete responses[status];
    }
  }
  return withoutProse(copy, false);
}

/**
 * @param {any} node
 * @param {boolean} areNames whether the keys of `node` are names of fields, which may be called "title" too
 * @returns {any}
 */
function withoutProse(node, areNames) {
  if (Array.isArray(node)) return node.map((item) => withoutProse(item, false));
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => areNames || !PROSE.has(key));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, withoutProse(value, !areNames && key === "properties")]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(TARGET, { recursive: true });
  for (const [path, text] of await httpTypes()) await writeFile(path, text);
}
