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

/** The dialog for three devices, of which `c` has the tag "roof". `refuse`: the device that the service refuses. */
function show(action: FleetAction, refuse: { id: string | null }) {
  const changed: [string, unknown, unknown][] = [];
  const answer = (id: string, body: unknown, ifMatch?: string) => {
    if (id === refuse.id) throw new ApiError(503, "unavailable", "");
    changed.push([id, body, ifMatch]);
    return {};
  };
  const api = {
    // Somebody gave every device a tag since the list was loaded.
    getTagged: async (_: string, { path: { id } }: { path: { id: string } }) => ({
      body: { name: `New name of ${id}`, site: "Linz", tags: ["since"] },
      etag: `"${id}"`,
    }),
    put: async (
      _: string,
      { path, body, ifMatch }: { path: { id: string }; body: unknown; ifMatch: string },
    ) => answer(path.id, body, ifMatch),
    post: async (url: string, { path }: { path: { id: string } }) => answer(path.id, url),
  };
  const [onDone, onChanged, onClose] = [vi.fn(), vi.fn(), vi.fn()];
  render(
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
  return { changed, onDone, onChanged, onClose };
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
  const refuse: { id: string | null } = { id: "b" };
  const { changed, onDone, onChanged, onClose } = show("disable", refuse);
  fireEvent.click(confirm());
  await screen.findByText("1 of 3 changed");
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
