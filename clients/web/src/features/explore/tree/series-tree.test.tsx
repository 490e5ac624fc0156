// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { ApiClient } from "@/lib/api/api-client";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { aDevice } from "@/testing/telemetry";
import { SeriesTree } from "./series-tree";

setUpComponentTests();

const DEVICES = Array.from({ length: 2_000 }, (_, n) =>
  aDevice({ id: `press-${n}`, name: `Press ${n}`, series_count: 10 }),
);
const SERIES = DEVICES.flatMap(({ id, name }, place) =>
  Array.from({ length: 10 }, (_, n) => ({
    id: place * 10 + n,
    device: id,
    name: `sensor.${n}`,
    display_name: `Sensor ${n} of ${name}`,
    type: n === 9 ? "bool" : "float",
    unit: n === 9 ? "" : "bar",
    latest: null,
  })),
);

type Query = { q?: string; device?: string; unit?: string; type?: string; limit?: number };

function show() {
  const asked: { path: string; query: Query }[] = [];
  const get = vi.fn(async (path: string, { query = {} }: { query?: Query }) => {
    asked.push({ path, query });
    if (path === "/api/telemetry/devices") return { items: DEVICES, next: null };
    if (path === "/api/telemetry/units") return { items: [{ unit: "bar", series: 18_000 }] };
    const words = query.q?.split(" ") ?? [];
    const found = SERIES.filter(
      (one) =>
        (query.device === undefined || one.device === query.device) &&
        (query.unit === undefined || one.unit === query.unit) &&
        words.every((word) => `${one.device} ${one.display_name} ${one.name}`.toLowerCase().includes(word)),
    );
    return { items: found.slice(0, query.limit), next: null, total: found.length };
  });
  const onToggle = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <SeriesTree
        api={{ get } as unknown as ApiClient}
        chosen={[]}
        onToggle={onToggle}
        onClear={() => undefined}
      />
    </QueryClientProvider>,
  );
  const search = (value: string) =>
    fireEvent.change(screen.getByTestId("tree-search"), { target: { value } });
  const lists = () => asked.filter(({ path }) => path === "/api/telemetry/series").map(({ query }) => query);
  return { search, lists, onToggle, get };
}

it("finds one of 20,000 series without loading the others", async () => {
  const { search, lists, onToggle } = show();
  await screen.findByText("Press 0");
  expect(screen.getAllByTestId(/^branch-/)).toHaveLength(100);
  expect(lists()).toEqual([]);
  search("sensor 7 1777");
  fireEvent.click(await screen.findByLabelText(/Sensor 7 of Press 1777/));
  expect(onToggle.mock.calls[0]![0]).toMatchObject({ device: "press-1777", name: "sensor.7" });
  expect(screen.getAllByTestId(/^branch-/)).toHaveLength(1);
  expect(lists()).toEqual([{ q: "sensor 7 1777", limit: 50 }]);
  search("");
  await waitFor(() => expect(screen.getAllByTestId(/^branch-/)).toHaveLength(100));
});

it("shows the first 50 hits, and says how many more there are", async () => {
  const { search } = show();
  await screen.findByText("Press 0");
  search("sensor");
  expect(await screen.findByText("19,950 more series match. Type more of the name")).toBeTruthy();
  expect(screen.getAllByRole("checkbox")).toHaveLength(50);
  search("no such thing");
  expect(await screen.findByText("No device or series matches")).toBeTruthy();
});

it("filters by a unit that the gateway lists", async () => {
  const { lists } = show();
  await screen.findByText("Press 0");
  fireEvent.click(screen.getByRole("button", { name: "Filter by unit" }));
  fireEvent.click(await screen.findByRole("button", { name: "bar" }));
  expect(await screen.findByTestId("more-hits")).toBeTruthy();
  expect(lists()).toEqual([{ q: undefined, unit: "bar", limit: 50 }]);
});

it("lets somebody repeat a search that failed", async () => {
  const { search, get } = show();
  await screen.findByText("Press 0");
  get.mockRejectedValueOnce(new Error("down"));
  search("sensor 7 1777");
  fireEvent.click(await screen.findByRole("button", { name: "Try again" }));
  expect(await screen.findByLabelText(/Sensor 7 of Press 1777/)).toBeTruthy();
});
