// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { RetentionPreview } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { RetentionPanel } from "./retention-panel";
import { LEVELS } from "./retention-schema";

setUpComponentTests();
afterEach(() => drafts.delete("admin:retention"));

const LEVEL = { days: 400, chosen_days: null, default_days: 400, min_days: 7, max_days: 36_525 };
const STORED = { levels: LEVELS.map((level) => ({ ...LEVEL, level, partitions: 1, bytes: 10 })), version: 1 };
const NOTHING: RetentionPreview = { levels: [], readings: 0, devices: 0, bytes: 0 };

async function check(days: string, preview: RetentionPreview) {
  const put = vi.fn().mockResolvedValue({});
  const api = {
    getTagged: vi.fn().mockResolvedValue({ body: STORED, etag: '"1"' }),
    post: vi.fn().mockResolvedValue(preview),
    put,
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RetentionPanel api={api as unknown as ApiClient} />
    </QueryClientProvider>,
  );
  fireEvent.change(await screen.findByTestId("retention-raw"), { target: { value: days } });
  await waitFor(() => expect(screen.getByTestId("retention-check")).toHaveProperty("disabled", false));
  fireEvent.click(screen.getByTestId("retention-check"));
  await screen.findByTestId("retention-preview");
  return put;
}

it.each([
  ["401", true],
  ["400", false],
  ["90", false],
])(
  "warns of older gateways when readings are kept longer than by the settings: %s days",
  async (days, warns) => {
    await check(days, NOTHING);
    expect(screen.queryByTestId("retention-old-gateways") !== null).toBe(warns);
  },
);

it("says that readings could not be counted in time, and saves nevertheless", async () => {
  const raw = { partitions: 1, bytes: 10, before: "2026-01-01T00:00:00Z", kept: 0, readings: null };
  const levels = [{ ...raw, level: "raw" as const }];
  const put = await check("30", { levels, readings: null, devices: null, bytes: 10 });
  expect(screen.getByTestId("retention-preview").textContent).toContain("could not be counted in time");
  fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(put).toHaveBeenCalledOnce());
});
