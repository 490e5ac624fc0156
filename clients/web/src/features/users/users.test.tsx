// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { User } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { setUpComponentTests } from "@/testing/component-tests";
import { Users } from "./users";
import { render } from "@/testing/render";

const ADA: User = {
  id: "1",
  name: "Ada",
  email: "ada@example.org",
  role: "user",
  state: "active",
  active: true,
  version: 3,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};

setUpComponentTests();

afterEach(() => {
  drafts.delete("user:1");
  drafts.delete("user:new");
});

/** The page with a users service that has one account. */
function show(api: Partial<Record<keyof ApiClient, unknown>>, address: Record<string, string> = {}) {
  const setAddress = vi.fn();
  const get = vi.fn().mockResolvedValue({ items: [ADA], next: null, total: 1 });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Users
        api={{ get, ...api } as unknown as ApiClient}
        ownId="0"
        can={() => true}
        address={(name) => address[name] ?? null}
        setAddress={setAddress}
      />
    </QueryClientProvider>,
  );
  return { get, setAddress };
}

async function openAction(action: string) {
  const trigger = await screen.findByTestId("menu-ada@example.org");
  fireEvent.keyDown(trigger, { key: "Enter" });
  fireEvent.click(await screen.findByTestId(`action-${action}`));
}

const edit = (name: string) => fireEvent.change(screen.getByTestId("user-name"), { target: { value: name } });
const value = (testId: string) => (screen.getByTestId(testId) as HTMLInputElement).value;

it("asks the service for the search, the filters and the order of the address", async () => {
  const { get, setAddress } = show({}, { q: "ad", role: "admin", state: "invited", sort: "-created" });
  await screen.findByText("ada@example.org");
  expect(get.mock.calls[0]![1].query).toMatchObject({
    search: "ad",
    role: "admin",
    state: "invited",
    sort: "-created",
  });
  fireEvent.click(screen.getByTestId("sort-created"));
  expect(setAddress).toHaveBeenLastCalledWith({ sort: "created" });
});

it("ignores an address that it does not know", async () => {
  const { get } = show({}, { role: "root", sort: "password" });
  await screen.findByText("ada@example.org");
  expect(get.mock.calls[0]![1].query).toMatchObject({ role: undefined, sort: "name" });
});

it("offers to show all users when nobody matches, and a retry when loading fails", async () => {
  const { setAddress } = show(
    { get: () => Promise.resolve({ items: [], next: null, total: 0 }) },
    { q: "x" },
  );
  fireEvent.click(await screen.findByTestId("reset-filter"));
  expect(setAddress).toHaveBeenLastCalledWith({ q: null, role: null, state: null });
  cleanup();
  const get = vi.fn().mockRejectedValueOnce(new ApiError(503, "unavailable", ""));
  show({ get: get.mockResolvedValue({ items: [ADA], next: null, total: 1 }) });
  fireEvent.click(await screen.findByTestId("retry"));
  await screen.findByText("ada@example.org");
});

it("sends the version that the form started from, and merges what somebody else saved", async () => {
  const put = vi
    .fn()
    .mockRejectedValueOnce(new ApiError(412, "precondition_failed", ""))
    .mockResolvedValue({ ...ADA });
  const getTagged = vi
    .fn()
    .mockResolvedValueOnce({ body: ADA, etag: '"3"' })
    .mockResolvedValue({ body: { ...ADA, name: "Countess", role: "admin" }, etag: '"4"' });
  show({ put, getTagged });
  await openAction("edit");
  await screen.findByTestId("user-name");
  edit("Ada Lovelace");
  fireEvent.click(screen.getByTestId("user-submit"));
  const notice = await screen.findByTestId("change-notice");
  expect(put.mock.calls[0]![1]).toMatchObject({
    ifMatch: '"3"',
    body: { name: "Ada Lovelace", role: "user" },
  });
  expect(notice.textContent).toContain("Role is Admin");
  expect(notice.textContent).toContain("Name (theirs: “Countess”)");
  expect(value("user-name")).toBe("Ada Lovelace");
  expect(value("user-role")).toBe("admin");
  fireEvent.click(screen.getByTestId("user-submit"));
  await waitFor(() => expect(put).toHaveBeenCalledTimes(2));
  expect(put.mock.calls[1]![1]).toMatchObject({
    ifMatch: '"4"',
    body: { name: "Ada Lovelace", role: "admin" },
  });
  await waitFor(() => expect(screen.queryByTestId("user-name")).toBeNull());
});

it("keeps what was typed when the form is closed or the service fails", async () => {
  const put = vi.fn().mockRejectedValue(new ApiError(503, "unavailable", ""));
  show({ put, getTagged: () => Promise.resolve({ body: ADA, etag: '"3"' }) });
  await openAction("edit");
  await screen.findByTestId("user-name");
  edit("Ada Lovelace");
  fireEvent.click(screen.getByTestId("user-submit"));
  await screen.findByTestId("user-error");
  expect(value("user-name")).toBe("Ada Lovelace");
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await openAction("edit");
  await waitFor(() => expect(value("user-name")).toBe("Ada Lovelace"));
  fireEvent.click(screen.getByTestId("discard-draft"));
  await waitFor(() => expect(value("user-name")).toBe("Ada"));
});

it("deletes only after the email was typed", async () => {
  const remove = vi.fn().mockResolvedValue(null);
  show({ delete: remove });
  await openAction("delete");
  const dialog = within(await screen.findByRole("alertdialog"));
  expect((dialog.getByTestId("confirm") as HTMLButtonElement).disabled).toBe(true);
  fireEvent.change(dialog.getByTestId("confirm-text"), { target: { value: "ada@example.org" } });
  fireEvent.click(dialog.getByTestId("confirm"));
  await waitFor(() => expect(remove).toHaveBeenCalledOnce());
  expect(remove.mock.calls[0]![1]).toMatchObject({ path: { id: "1" }, ifMatch: '"3"' });
});

it("creates the account once when only its link fails", async () => {
  const link = {
    link: "https://pulse.example/set-password#x",
    expires_at: "2026-01-02T00:00:00Z",
    mailed: false,
  };
  const post = vi
    .fn()
    .mockResolvedValueOnce({ ...ADA, state: "invited" })
    .mockRejectedValueOnce(new ApiError(503, "unavailable", ""))
    .mockResolvedValueOnce(link);
  show({ post });
  fireEvent.click(await screen.findByTestId("invite"));
  await screen.findByTestId("user-name");
  edit("  Ada  ");
  fireEvent.change(screen.getByTestId("user-email"), { target: { value: "nobody" } });
  fireEvent.click(screen.getByTestId("user-submit"));
  await screen.findByText("Enter an email address, such as ada@example.org.");
  fireEvent.change(screen.getByTestId("user-email"), { target: { value: "ada@example.org" } });
  fireEvent.click(screen.getByTestId("user-submit"));
  await screen.findByTestId("user-error");
  fireEvent.click(screen.getByTestId("user-submit"));
  expect((await screen.findByTestId("password-link")).textContent).toBe(link.link);
  expect(post.mock.calls.map(([path]) => path)).toEqual([
    "/api/users",
    "/api/users/{id}/invitation",
    "/api/users/{id}/invitation",
  ]);
  expect(post.mock.calls[0]![1].body).toEqual({ name: "Ada", email: "ada@example.org", role: "user" });
});

it.each([
  [null, "no-mail", "send-mail"],
  [{ host: "mail.example" }, "send-mail", "no-mail"],
])("offers to mail the link only with a mail server: %j", async (server, shown, hidden) => {
  const page = { items: [ADA], next: null, total: 1 };
  show({ get: (path: string) => Promise.resolve(path === "/api/users/mail" ? { server } : page) });
  fireEvent.click(await screen.findByTestId("invite"));
  await waitFor(() => expect((screen.getByTestId(shown) as HTMLInputElement).disabled).not.toBe(true));
  expect(screen.queryByTestId(hidden)).toBeNull();
});

it("previews a change of the selected users, sends only those that change, and forgets the selection", async () => {
  const post = vi.fn().mockImplementation((path: string) =>
    Promise.resolve(
      path === "/api/users/bulk-preview"
        ? {
            would_succeed: true,
            rows: [{ id: "1", outcome: "ok", detail: "", version: 4, is_change: true }],
          }
        : { rows: [] },
    ),
  );
  show({ post });
  fireEvent.click(await screen.findByTestId("select-ada@example.org"));
  expect(screen.getByTestId("selected-count").textContent).toBe("1 selected");
  fireEvent.keyDown(screen.getByTestId("bulk-more"), { key: "Enter" });
  fireEvent.click(await screen.findByTestId("bulk-deactivate"));
  expect((await screen.findByTestId("bulk-plan")).textContent).toContain("1 account will change:Ada");
  fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(screen.queryByTestId("selected-count")).toBeNull());
  expect(post).toHaveBeenLastCalledWith(
    "/api/users/bulk",
    expect.objectContaining({ body: { action: "deactivate", ids: ["1"], versions: { "1": 4 } } }),
  );
});

it("keeps the selection and asks again when the change of the selected users is refused", async () => {
  const post = vi.fn().mockImplementation((path: string) =>
    path === "/api/users/bulk-preview"
      ? Promise.resolve({
          would_succeed: true,
          rows: [{ id: "1", outcome: "ok", detail: "", version: 4, is_change: true }],
        })
      : Promise.reject(new ApiError(409, "bulk_refused", "Nothing was changed.")),
  );
  show({ post });
  fireEvent.click(await screen.findByTestId("select-page"));
  fireEvent.click(screen.getByTestId("bulk-set_role"));
  await screen.findByTestId("bulk-plan");
  fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(post.mock.calls.map(([path]) => path as string)).toHaveLength(3));
  expect(post.mock.calls.at(-1)![0]).toBe("/api/users/bulk-preview");
  expect(screen.getByRole("alertdialog").textContent).toContain("Nothing was changed, because some");
});

it("hides a column, and remembers it", async () => {
  show({});
  await screen.findByText("ada@example.org");
  fireEvent.keyDown(screen.getByTestId("columns"), { key: "Enter" });
  fireEvent.click(await screen.findByTestId("column-role"));
  expect(screen.queryByRole("columnheader", { name: "Role" })).toBeNull();
  expect(localStorage.getItem("pulse_user_columns")).toBe("role");
  localStorage.clear();
});
