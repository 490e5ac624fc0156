// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { AS_DECLARED } from "@/testing/telemetry";
import { SeriesChooser } from "./series-chooser";

setUpComponentTests();
afterEach(() => {
  delete document.documentElement.dataset.units;
});

const series: Series = {
  id: 1,
  device: "d",
  name: "pressure",
  display_name: "Pressure",
  type: "float",
  unit: "bar",
  interval_us: 1_000_000,
  latest: null,
  ...AS_DECLARED,
};

it.each([
  ["imperial", "psi"],
  ["", "bar"],
])("offers series with the units that the person reads: %s", async (units, unit) => {
  document.documentElement.dataset.units = units;
  const api = { get: async () => ({ items: [series], next: null, total: 1 }) } as unknown as ApiClient;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SeriesChooser
        api={api}
        series={new Map()}
        devices={[]}
        chosen={[]}
        most={2}
        hasColors={false}
        onChange={() => undefined}
      />
    </QueryClientProvider>,
  );
  expect((await screen.findByTestId("choose-d-pressure")).textContent).toBe(`Pressured${unit}`);
});
