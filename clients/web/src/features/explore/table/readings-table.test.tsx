// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { AS_DECLARED } from "@/testing/telemetry";
import ReadingsTable from "./readings-table";

setUpComponentTests();

const series: Series = {
  id: 1,
  device: "d",
  name: "oil",
  display_name: "Oil",
  type: "float",
  unit: "°C",
  interval_us: 1_000_000,
  latest: null,
  ...AS_DECLARED,
};

it("keeps the readings that somebody reads while a live range moves on, and shows the newest on demand", async () => {
  const get = vi.fn((_: string, { query }: { query: { to: number } }) =>
    Promise.resolve({ t: [query.to - 1], v: [1], epoch: ["1"], seq: [query.to], next: null }),
  );
  const client = new QueryClient();
  const table = (to: number) => (
    <QueryClientProvider client={client}>
      <ReadingsTable
        api={{ get } as unknown as ApiClient}
        chosen={[{ series, color: 0 }]}
        span={{ from: to - 1_000, to }}
        zone="UTC"
        range="6h"
      />
    </QueryClientProvider>
  );
  const { rerender } = render(table(10_000));
  fireEvent.change(screen.getByTestId("row-length"), { target: { value: "readings" } });
  const frame = await screen.findByRole("group", { name: "Readings" });
  const asked = () => get.mock.calls.filter(([path]) => path.includes("{series_id}")).length;
  expect(asked()).toBe(1);
  rerender(table(20_000));
  expect(screen.getByRole("group", { name: "Readings" })).toBe(frame);
  expect(asked()).toBe(1);
  fireEvent.click(screen.getByTestId("refresh-rows"));
  await waitFor(() => expect(asked()).toBe(2));
});
