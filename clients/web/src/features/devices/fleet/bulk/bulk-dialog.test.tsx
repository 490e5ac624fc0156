// @vitest-environment jsdom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Collector } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import type { FleetDevice } from "../../fleet-device";
import BulkDialog from "./bulk-dialog";
import type { FleetAction } from "./changes";

setUpComponentTests();

const device = (id: string, tags: string[] = []): FleetDevice => ({
  id,
  name: `Name of ${id}`,
  site: "",
  tags,
  isPlain: false,
  telemetry: null,
  collector: { id, state: "enabled" } as Collector,
  mirror: null,
});

/** The device that the service refuses. */
type Refusal = { id: string | null; error?: ApiError };

/** The dialog for three devices, of which `c` has the tag "roof". `newest`: what the service answers. */
function show(action: FleetAction, refuse: Refusal, newest = { site: "Linz", tags: ["since"] }) {
  const changed: [string, unknown, unknown][] = [];
  const answer = (id: string, body: unknown, ifMatch?: string) => {
    if (id === refuse.id) throw refuse.error ?? new ApiError(503, "unavailable", "");
    changed.push([id, body, ifMatch]);
    return {};
  };
  const api = {
    // Somebody gave every device a tag since the list was loaded.
    getTagged: async (_: string, { path: { id } }: { path: { id: string } }) => ({
      body: { name: `New name of ${id}`, state: "enabled", ...newest },
      etag: `"${id}"`,
    }),
    put: async (
      _: string,
      { path, body, ifMatch }: { path: { id: string }; body: unknown; ifMatch: string },
    ) => answer(path.id, body, ifMatch),
    post: async (url: string, { path }: { path: { id: string } }) => answer(path.id, url),
  };
  const [onDone, onChanged, onClose] = [vi.fn(), vi.fn(), vi.fn()];
  const { unmount } = render(
    <BulkDialog
      api={api as unknown as ApiClient}
      action={action}
      devices={[device("a"), device("b"), device("c", ["roof"])]}
      sites={[]}
      tags={["roof"]}
      onChanged={onChanged}
      onDone={onDone}
      onClose={onClose}
    />,
  );
  return { changed, onDone, onChanged, onClose, unmount };
}

const type = (value: string) => fireEvent.change(screen.getByTestId("bulk-text"), { target: { value } });
const confirm = () => screen.getByTestId("confirm") as HTMLButtonElement;

it("adds a tag to the devices without it, and keeps what others changed meanwhile", async () => {
  const { changed, onDone, onClose } = show("add_tag", { id: null });
  expect(confirm().disabled).toBe(true);
  type("two words");
  expect(confirm().disabled).toBe(true);
  screen.getByRole("alert");
  type(" roof ");
  screen.getByText("2 devices will change:");
  screen.getByText("1 device is already as asked.");
  fireEvent.click(confirm());
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  expect(onDone).toHaveBeenCalledOnce();
  expect(changed).toEqual(
    ["a", "b"].map((id) => [
      id,
      { name: `New name of ${id}`, site: "Linz", tags: ["since", "roof"] },
      `"${id}"`,
    ]),
  );
});

it("stops at a refusal, says what is done, and goes on with the rest", async () => {
  const refuse: Refusal = { id: "b" };
  const { changed, onDone, onChanged, onClose } = show("disable", refuse);
  fireEvent.click(confirm());
  await screen.findByText("1 of 3 changed. Stopped at Name of b.");
  await waitFor(() => expect(confirm().disabled).toBe(false));
  expect(onClose).not.toHaveBeenCalled();
  expect(onDone).not.toHaveBeenCalled();
  expect(onChanged).toHaveBeenCalledOnce();
  screen.getByText("2 devices will change:");
  refuse.id = null;
  fireEvent.click(confirm());
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  expect(changed.map(([id]) => id)).toEqual(["a", "b", "c"]);
});

it("refuses to move devices to a site without a name", () => {
  show("move", { id: null });
  type("   ");
  expect(screen.getByRole("alert").textContent).toBe("Enter a site.");
  expect(confirm().disabled).toBe(true);
});

it("moves no device that somebody else has moved since the preview", async () => {
  const { changed, onDone } = show("move", { id: null });
  type("Graz");
  fireEvent.click(confirm());
  await screen.findByText("0 of 3 changed. Stopped at Name of a.");
  expect(screen.getByRole("alert").textContent).toContain("Somebody else has changed it meanwhile.");
  expect(changed).toEqual([]);
  expect(onDone).not.toHaveBeenCalled();
});

it("saves nothing when the newest version is already as asked", async () => {
  const { changed, onDone } = show("add_tag", { id: null }, { site: "", tags: ["roof", "since"] });
  type("roof");
  fireEvent.click(confirm());
  await waitFor(() => expect(onDone).toHaveBeenCalledOnce());
  expect(changed).toEqual([]);
});

it("exceeds no limit of tags that others have filled", async () => {
  const full = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const { changed } = show("add_tag", { id: null }, { site: "", tags: full });
  type("roof");
  fireEvent.click(confirm());
  await screen.findByText("0 of 2 changed. Stopped at Name of a.");
  expect(changed).toEqual([]);
});

it("keeps the text while devices have it and others wait", async () => {
  const refuse: Refusal = { id: "b" };
  show("add_tag", refuse);
  type("roof");
  const field = screen.getByTestId("bulk-text") as HTMLInputElement;
  fireEvent.click(confirm());
  expect(field.disabled).toBe(true);
  await screen.findByText("1 of 2 changed. Stopped at Name of b.");
  expect(field.disabled).toBe(true);
});

it("stops when somebody asks for it, and says where", async () => {
  const { changed, onClose, onChanged } = show("disable", {
    id: "b",
    error: new ApiError(429, "too_many_requests", "", 60),
  });
  fireEvent.click(confirm());
  fireEvent.click(await screen.findByTestId("stop"));
  await screen.findByText("1 of 3 changed. Stopped at Name of b.");
  expect(changed.map(([id]) => id)).toEqual(["a"]);
  expect(onClose).not.toHaveBeenCalled();
  expect(onChanged).toHaveBeenCalledOnce();
});

it("waits as long as the service asks, and goes on", async () => {
  const refuse: Refusal = { id: "b", error: new ApiError(429, "too_many_requests", "", 0.3) };
  const { changed, onDone } = show("disable", refuse);
  fireEvent.click(confirm());
  await screen.findByText("1 of 3 changed", { selector: "p" });
  refuse.id = null;
  await waitFor(() => expect(onDone).toHaveBeenCalledOnce(), { timeout: 3_000 });
  expect(changed.map(([id]) => id)).toEqual(["a", "b", "c"]);
});

it("changes nothing more after its page was left, and asks before the tab is closed", async () => {
  const refuse: Refusal = { id: "b", error: new ApiError(429, "too_many_requests", "", 0.3) };
  const { changed, onChanged, unmount } = show("disable", refuse);
  const closing = () => !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
  expect(closing()).toBe(false);
  fireEvent.click(confirm());
  await screen.findByText("1 of 3 changed", { selector: "p" });
  expect(closing()).toBe(true);
  refuse.id = null;
  unmount();
  await waitFor(() => expect(onChanged).toHaveBeenCalledOnce(), { timeout: 3_000 });
  expect(changed.map(([id]) => id)).toEqual(["a"]);
});
