// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { PolicyPanel } from "./policy-panel";

setUpComponentTests();
afterEach(() => drafts.delete("admin:policy"));

const stored = (roles: string[], version: number) => ({
  body: { second_factor_roles: roles, version },
  etag: `"${version}"`,
});

it("keeps the choice when somebody else saved meanwhile, and saves on top of their version", async () => {
  const getTagged = vi
    .fn()
    .mockResolvedValueOnce(stored([], 1))
    .mockResolvedValue(stored(["admin"], 2));
  const put = vi
    .fn()
    .mockRejectedValueOnce(new ApiError(412, "precondition_failed", "changed"))
    .mockResolvedValue({});
  render(
    <QueryClientProvider client={new QueryClient()}>
      <PolicyPanel api={{ getTagged, put } as unknown as ApiClient} canCount={false} />
    </QueryClientProvider>,
  );
  fireEvent.click(await screen.findByTestId("policy-viewer"));
  await waitFor(() => expect(screen.getByTestId("policy-save")).toHaveProperty("disabled", false));
  fireEvent.click(screen.getByTestId("policy-save"));
  expect((await screen.findByTestId("change-notice")).textContent).toContain("Admin is mandatory");
  expect(screen.getByTestId("policy-viewer")).toHaveProperty("checked", true);
  expect(screen.getByTestId("policy-admin")).toHaveProperty("checked", true);
  fireEvent.click(screen.getByTestId("policy-save"));
  await waitFor(() => expect(put).toHaveBeenCalledTimes(2));
  expect(put).toHaveBeenLastCalledWith("/api/auth/policy", {
    body: { second_factor_roles: ["admin", "viewer"] },
    ifMatch: '"2"',
  });
});
