// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { setUpComponentTests } from "@/testing/component-tests";
import { RulesPanel } from "./rules-panel";
import { render } from "@/testing/render";

setUpComponentTests();
afterEach(() => drafts.delete("entitlement"));

const rule = (subject: string) => ({
  effect: "allow",
  subject,
  place: "everywhere",
  origin: "administrator",
});
const stored = (etag: string, ...rules: unknown[]) => ({ body: { rules }, etag });
const NOTHING = { accounts: 0, collectors: 0, pairs: [] };

function show(api: Record<string, unknown>) {
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <RulesPanel api={api as ApiClient} can={() => true} mirrors={[]} onApplied={() => {}} />
    </QueryClientProvider>,
  );
}

it("keeps the draft on top of the rules that somebody else saved", async () => {
  const put = vi
    .fn()
    .mockRejectedValueOnce(new ApiError(412, "precondition_failed", ""))
    .mockResolvedValue({ rules: [] });
  const getTagged = vi
    .fn()
    .mockResolvedValueOnce(stored('"1"', rule("role:admin")))
    .mockResolvedValue(stored('"2"', rule("role:admin"), rule("role:user")));
  const preview = { gained: NOTHING, lost: { ...NOTHING, accounts: 1, collectors: 2 }, locked_sites: [] };
  show({ put, getTagged, post: vi.fn().mockResolvedValue(preview) });
  await screen.findByText("Role Admin");
  fireEvent.click(screen.getByRole("button", { name: "Remove this rule" }));
  await screen.findByText("Would take 1 account from 2 collectors");
  const apply = screen.getByTestId("apply-rules") as HTMLButtonElement;
  await waitFor(() => expect(apply.disabled).toBe(false));
  fireEvent.click(apply);
  await screen.findByText(/Somebody else saved the rules/);
  await screen.findByText("Role User");
  await waitFor(() => expect(apply.disabled).toBe(false));
  fireEvent.click(apply);
  await waitFor(() => expect(put).toHaveBeenCalledTimes(2));
  expect(put.mock.calls.map(([, { ifMatch }]) => ifMatch)).toEqual(['"1"', '"2"']);
  expect(put.mock.calls[1]![1].body.rules.map(({ subject }: { subject: string }) => subject)).toEqual([
    "role:user",
  ]);
});

it("asks before it locks the administrators of a site out", async () => {
  const preview = { gained: NOTHING, lost: NOTHING, locked_sites: ["Hall B"] };
  const put = vi.fn().mockResolvedValue({ rules: [] });
  const getTagged = vi.fn().mockResolvedValue(stored('"1"', rule("role:admin")));
  show({ put, getTagged, post: vi.fn().mockResolvedValue(preview) });
  await screen.findByText("Role Admin");
  fireEvent.click(screen.getByRole("button", { name: "Remove this rule" }));
  const box = await screen.findByRole("checkbox");
  const apply = screen.getByTestId("apply-rules") as HTMLButtonElement;
  expect(apply.disabled).toBe(true);
  fireEvent.click(box);
  await waitFor(() => expect(apply.disabled).toBe(false));
  fireEvent.click(apply);
  await waitFor(() => expect(put.mock.calls[0]![1].body.force).toBe(true));
});
