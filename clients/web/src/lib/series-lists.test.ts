import { expect, it, vi } from "vitest";
import type { ApiClient } from "./api/api-client";
import { seriesByIds } from "./series-lists";

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
