// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import type { SavedView } from "@/lib/lists/saved-views";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { SavedViewsMenu } from "./saved-views-menu";

setUpComponentTests();

afterEach(() => drafts.delete("view:users"));

const SHOWN = { search: "ada", role: "viewer", state: "all", sort: "-created", hidden: ["factor"] } as const;
const INVITED: SavedView<"users"> = {
  name: "Invited",
  search: "",
  role: "all",
  state: "invited",
  sort: "name",
  hidden: [],
};

/** The menu of an account that has `users` as views of the page about users. */
function show(users: SavedView<"users">[], refusal: Error | null = null) {
  let views = { users, devices: [] };
  const put = vi.fn((_: string, { body }: { body: { views: typeof views } }) => {
    if (refusal) return Promise.reject(refusal);
    views = body.views;
    return Promise.resolve(body);
  });
  const api = {
    get: () => Promise.resolve({ views }),
    getTagged: () => Promise.resolve({ body: { theme: "dark", views }, etag: '"3"' }),
    put,
  };
  const onOpen = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <SavedViewsMenu api={api as unknown as ApiClient} page="users" shown={SHOWN} onOpen={onOpen} />
    </QueryClientProvider>,
  );
  return { put, onOpen };
}

const openMenu = () => fireEvent.keyDown(screen.getByTestId("saved-views"), { key: "Enter" });

async function manage() {
  openMenu();
  fireEvent.click(await screen.findByTestId("manage-views"));
  return screen.findByTestId("view-name");
}

it("opens a view that the account has", async () => {
  const { onOpen } = show([INVITED]);
  openMenu();
  fireEvent.click(await screen.findByTestId("saved-view"));
  expect(onOpen).toHaveBeenCalledWith(INVITED);
});

it("saves what the page shows under a name, and then shows that name", async () => {
  const { put } = show([INVITED]);
  fireEvent.change(await manage(), { target: { value: "  Viewers 🦉 " } });
  fireEvent.click(screen.getByTestId("save-view"));
  await waitFor(() => expect(screen.queryByTestId("view-name")).toBeNull());
  const saved = { ...SHOWN, name: "Viewers 🦉" };
  expect(put.mock.calls[0]![1].body).toEqual({
    theme: "dark",
    views: { users: [INVITED, saved], devices: [] },
  });
  await waitFor(() => expect(screen.getByTestId("saved-views").textContent).toBe("Viewers 🦉"));
});

it("keeps the name that was typed when saving fails, and says why", async () => {
  show([], new ApiError(503, "unavailable", ""));
  const field = await manage();
  fireEvent.click(screen.getByTestId("save-view"));
  await screen.findByText("Enter a name.");
  fireEvent.change(field, { target: { value: "Viewers" } });
  fireEvent.click(screen.getByTestId("save-view"));
  await screen.findByTestId("view-error");
  expect((screen.getByTestId("view-name") as HTMLInputElement).value).toBe("Viewers");
});

it("saves no 21st view, but replaces one of 20", async () => {
  show(Array.from({ length: 20 }, (_, n) => ({ ...INVITED, name: `View ${n}` })));
  const field = await manage();
  await screen.findByTestId("views-full");
  expect((screen.getByTestId("save-view") as HTMLButtonElement).disabled).toBe(true);
  fireEvent.change(field, { target: { value: "View 7" } });
  await waitFor(() => expect(screen.getByTestId("save-view").textContent).toBe("Replace view"));
  expect((screen.getByTestId("save-view") as HTMLButtonElement).disabled).toBe(false);
});

it("deletes a view", async () => {
  const { put } = show([INVITED, { ...INVITED, name: "Other" }]);
  await manage();
  fireEvent.click(await screen.findByRole("button", { name: "Delete the view Invited" }));
  await waitFor(() => expect(screen.queryAllByTestId("delete-view")).toHaveLength(1));
  expect(put.mock.calls[0]![1].body.views.users.map(({ name }) => name)).toEqual(["Other"]);
});
