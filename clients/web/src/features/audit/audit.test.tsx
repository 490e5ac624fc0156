// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { ApiClient } from "@/lib/api/api-client";
import { setUpComponentTests } from "@/testing/component-tests";
import { Audit } from "./audit";
import { render } from "@/testing/render";

setUpComponentTests();

const ENTRY = {
  n: 7,
  kind: "account_created",
  actor: null,
  target: "press-4",
  address: "192.0.2.9",
  request_id: null,
  at: "2026-11-26T14:00:00Z",
  before: { role: "user" },
  after: { role: "admin" },
};

function show(pages: unknown[]) {
  const get = vi.fn();
  for (const page of pages) get.mockResolvedValueOnce(page);
  const setAddress = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Audit
        api={{ get } as unknown as ApiClient}
        can={() => true}
        address={(name) => (name === "trail" ? "sync" : null)}
        setAddress={setAddress}
      />
    </QueryClientProvider>,
  );
  return { get, setAddress };
}

it("follows the pages of a trail, and shows what changed", async () => {
  const head = { n: 7, hash: "abc" };
  const { get } = show([
    { items: [ENTRY], next: 7, head },
    { items: [{ ...ENTRY, n: 6 }], next: null, head },
  ]);
  const entry = await screen.findByTestId("audit-entry");
  expect(entry.textContent).toContain("role: user admin");
  expect(entry.textContent).toContain("the system");
  expect(screen.getByTestId("anchor").textContent).toContain("sync-publisher verify-audit --anchor 7:abc");
  fireEvent.click(screen.getByTestId("older"));
  await waitFor(() => expect(screen.getAllByTestId("audit-entry")).toHaveLength(2));
  expect(get.mock.calls.map(([path, { query }]) => [path, query.before])).toEqual([
    ["/api/sync/audit", undefined],
    ["/api/sync/audit", 7],
  ]);
  expect(screen.queryByTestId("older")).toBeNull();
});

it("refuses a filter that the service would refuse, and keeps it", async () => {
  const { setAddress } = show([{ items: [ENTRY], next: null, head: { n: 7, hash: "abc" } }]);
  await screen.findByTestId("audit-entry");
  fireEvent.change(screen.getByTestId("filter-kind"), { target: { value: "a b" } });
  fireEvent.click(screen.getByTestId("filter-apply"));
  screen.getByTestId("filter-error");
  expect(setAddress).not.toHaveBeenCalled();
  fireEvent.change(screen.getByTestId("filter-kind"), { target: { value: " account_created " } });
  fireEvent.click(screen.getByTestId("filter-apply"));
  expect(setAddress).toHaveBeenCalledWith(expect.objectContaining({ kind: "account_created" }));
});
