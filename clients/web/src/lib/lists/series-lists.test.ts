import { expect, it, vi } from "vitest";
import type { ApiClient } from "../api/api-client";
import { QueryClient } from "@tanstack/react-query";
import { seriesByIds, seriesSearchQuery, unitsQuery } from "./series-lists";

it("asks for the series of a dashboard by their ids, at most 200 at once", async () => {
  const get = vi.fn((_: string, { query }: { query: { ids: string } }) =>
    Promise.resolve({
      items: query.ids.split(",").map((id) => ({ id: Number(id), latest: { t: 1, v: 1 } })),
    }),
  );
  const ids = Array.from({ length: 450 }, (_, index) => index + 1);
  const found = await seriesByIds({ get } as unknown as ApiClient, ids);
  expect(get.mock.calls.map(([, { query }]) => query.ids.split(",").length)).toEqual([200, 200, 50]);
  expect(found.map(({ id }) => id)).toEqual(ids);
  expect(found.every(({ latest }) => latest === null)).toBe(true);
  expect(await seriesByIds({ get } as unknown as ApiClient, [])).toEqual([]);
});

it("asks the gateway for the first 50 hits, and knows how many there are", async () => {
  const get = vi.fn((_: string, options: { query: object }) =>
    Promise.resolve({ items: [{ id: 7, latest: { t: 1, v: 1 } }], total: 20_000, options }),
  );
  const api = { get } as unknown as ApiClient;
  const client = new QueryClient();
  const first = await client.fetchQuery(seriesSearchQuery(api, "  Oil \u00a0 TEMP ", { unit: "" }));
  expect(first).toEqual({ items: [{ id: 7, latest: null }], total: 20_000 });
  await client.fetchQuery(seriesSearchQuery(api, "oil temp", { unit: "" }));
  await client.fetchQuery(seriesSearchQuery(api, " "));
  expect(get.mock.calls.map(([, { query }]) => query)).toEqual([
    { q: "oil temp", unit: "", limit: 50 },
    { q: undefined, limit: 50 },
  ]);
});

it("lists units without listing series", async () => {
  const get = vi.fn(() => Promise.resolve({ items: [{ unit: null, series: 3 }] }));
  const found = await new QueryClient().fetchQuery(unitsQuery({ get } as unknown as ApiClient));
  expect(found).toEqual([{ unit: null, series: 3 }]);
});
