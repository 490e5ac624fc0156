import { expect, it, vi } from "vitest";
import type { ApiClient } from "@/lib/api/api-client";
import { verifyTrail } from "./queries";

const part = (n: number, more = {}) => ({
  verified: { n, hash: `h${n}` },
  head: { n: 25_000, hash: "h" },
  is_complete: false,
  broken: null,
  fault: null,
  at: "2026-11-26T14:02:00Z",
  ...more,
});

async function run(answers: unknown[]) {
  const get = vi.fn(async () => answers.shift());
  const seen: number[] = [];
  await verifyTrail({ get } as unknown as ApiClient, "auth", new AbortController().signal, ({ verified }) =>
    seen.push(verified.n),
  );
  return { seen, queries: get.mock.calls.map((call: unknown[]) => (call[1] as { query: unknown }).query) };
}

it("verifies part by part, each from where the last one ended", async () => {
  const { seen, queries } = await run([part(10_000), part(20_000), part(25_000, { is_complete: true })]);
  expect(seen).toEqual([10_000, 20_000, 25_000]);
  expect(queries).toEqual([{}, { after: 10_000, hash: "h10000" }, { after: 20_000, hash: "h20000" }]);
});

it("stops at the first broken entry, and never repeats a part", async () => {
  expect((await run([part(10_000), part(12_344, { broken: 12_345, fault: "changed" })])).seen).toHaveLength(
    2,
  );
  expect((await run([part(10), part(10), part(10)])).seen).toHaveLength(2);
});
