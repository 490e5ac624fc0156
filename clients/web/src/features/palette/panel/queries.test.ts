import { QueryClient } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";
import type { ApiClient } from "@/lib/api/api-client";
import { collectorsQuery } from "./queries";

it("loads 2,000 enrolments with one request", async () => {
  const get = vi.fn(async (_: string, { query }: { query: { limit: number } }) => ({
    items: Array.from({ length: Math.min(query.limit, 2_000) }, (_, place) => ({ id: `d${place}` })),
    next: query.limit < 2_000 ? "more" : null,
  }));
  const client = new QueryClient();
  const found = await client.fetchQuery(collectorsQuery({ get } as unknown as ApiClient, true));
  expect(found).toHaveLength(2_000);
  expect(get).toHaveBeenCalledOnce();
});
