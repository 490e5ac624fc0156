import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, it } from "vitest";
import { httpTypes } from "../../scripts/generate-http-types.mjs";

const types = await httpTypes();

it.each([...types.keys()].map((path) => [basename(path), path]))("%s is fresh", (_, path) => {
  expect(readFileSync(path!, "utf8") === types.get(path!), "run `make generate`").toBe(true);
});

it("leaves no file in the folder that nothing generates", () => {
  // `live.ts` and `permissions.ts` come from the Python generators, whose own tests check them.
  const known = [...types.keys()].map((path) => basename(path));
  const folder = dirname([...types.keys()][0]!);
  expect(readdirSync(join(folder)).sort()).toEqual([...known, "live.ts", "permissions.ts"].sort());
});
