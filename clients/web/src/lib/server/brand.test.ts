import { afterEach, expect, it, vi } from "vitest";
import type { ServerEnv } from "./env";

const ENV = { usersUrl: "http://users" } as ServerEnv;
const SAVED = { product: "Hall 4", accent: { light: "#0b6e4f", dark: "#3ddc97" }, logo: null };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

it("keeps the last brand while the users service does not answer, and asks once in five seconds", async () => {
  const answers = [
    new Response(JSON.stringify({ ...SAVED, version: 2 }), { headers: { etag: '"2"' } }),
    new Response(null, { status: 304 }),
    new Response("down", { status: 503 }),
  ];
  const fetching = vi.fn(async () => answers.shift() ?? Promise.reject(new TypeError("refused")));
  vi.stubGlobal("fetch", fetching);
  const { currentBrand } = await import("./brand");
  for (const now of [0, 4_000, 6_000, 12_000, 18_000]) expect(await currentBrand(ENV, now)).toEqual(SAVED);
  expect(fetching).toHaveBeenCalledTimes(4);
  expect(fetching.mock.lastCall?.at(1)).toMatchObject({ headers: { "if-none-match": '"2"' } });
});

it("shows the product's own brand when nothing is known", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("refused")));
  const { currentBrand } = await import("./brand");
  expect(await currentBrand(ENV, 0)).toMatchObject({ product: "PrecisionPulse", accent: null });
});

it("puts nothing but colours into the style sheet", async () => {
  const { accentStyle } = await import("@/lib/brand");
  expect(accentStyle(SAVED)).toContain("--accent:light-dark(#0b6e4f, #3ddc97)");
  const hostile = { light: "#000000}body{display:none", dark: "#3ddc97" };
  expect(accentStyle({ ...SAVED, accent: hostile })).toBeNull();
});
