// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { roleCan } from "@/lib/permissions";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { Palette } from "./palette";

const push = vi.hoisted(() => vi.fn());
vi.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));

setUpComponentTests();

let account = 0;
beforeEach(() => {
  push.mockClear();
  localStorage.clear();
  account += 1;
});

type Answers = Readonly<Record<string, () => unknown>>;

const device = (id: string, name: string) => ({ id, name });
const ANSWERS: Answers = {
  "/api/telemetry/devices": () => ({
    items: [device("press-4", "Press 4"), device("mill", "Mill")],
    next: null,
  }),
  "/api/collectors": () => ({
    items: [
      { ...device("mill", "Mill"), state: "enrolled" },
      { ...device("saw-9", "Band saw"), state: "pending" },
      { ...device("old-1", "Old press"), state: "deleted" },
    ],
    next: null,
  }),
  "/api/telemetry/dashboards": () => ({
    items: [{ id: "d1", name: "Night shift", shared: true }],
    next: null,
  }),
  "/api/telemetry/series": () => ({
    items: [{ id: 7, device: "press-4", name: "temp.bearing", display_name: "Bearing", unit: "°C" }],
    next: null,
  }),
  "/api/users": () => ({
    items: [{ id: "u1", name: "Ada", email: "ada@example.org" }],
    next: null,
    total: 1,
  }),
};

function show(role: string, answers: Answers = ANSWERS) {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(path);
    return answers[path]!();
  };
  const signOut = vi.fn(() => Promise.resolve());
  const context = {
    api: { get } as unknown as ApiClient,
    accountId: `account-${account}`,
    can: (permission: Parameters<typeof roleCan>[1]) => roleCan(role, permission),
    session: { state: { status: "signed-in" }, subscribe: () => () => {}, signOut },
    onHelp: undefined,
  };
  render(
    <>
      <input aria-label="Elsewhere" />
      <div id="main" tabIndex={-1} />
      <Palette {...context} />
    </>,
  );
  return { asked, signOut };
}

const pressK = (target: Element) => fireEvent.keyDown(target, { key: "k", ctrlKey: true });

async function open(): Promise<HTMLElement> {
  pressK(document.body);
  return screen.findByTestId("palette-input");
}

async function type(text: string): Promise<void> {
  fireEvent.change(await screen.findByTestId("palette-input"), { target: { value: text } });
}

const enter = async () => fireEvent.keyDown(await screen.findByTestId("palette-input"), { key: "Enter" });

it("opens with Ctrl+K inside a field, closes with it, and returns the focus", async () => {
  show("user");
  const field = screen.getByLabelText("Elsewhere");
  field.focus();
  pressK(field);
  const input = await screen.findByTestId("palette-input");
  await waitFor(() => expect(document.activeElement).toBe(input));
  pressK(input);
  await waitFor(() => expect(screen.queryByTestId("palette-input")).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(field));
});

it("does not open above another dialog", () => {
  show("user");
  const dialog = document.createElement("div");
  dialog.dataset.modal = "true";
  document.body.append(dialog);
  pressK(document.body);
  expect(screen.queryByRole("dialog")).toBeNull();
  dialog.remove();
});

it("finds a device, its series and a dashboard, and opens what Enter chooses", async () => {
  show("user");
  await open();
  await type("press");
  await screen.findByTestId("palette-entry-device:press-4");
  await screen.findByTestId("palette-entry-series:press-4:7");
  await type("night");
  await screen.findByTestId("palette-entry-dashboard:d1");
  await type("bearing press");
  await screen.findByTestId("palette-entry-series:press-4:7");
  await enter();
  expect(push).toHaveBeenCalledWith("/explore?s=press-4%3A7");
});

it("shows the latest choice first the next time", async () => {
  show("user");
  await open();
  await type("mill");
  await screen.findByTestId("palette-entry-device:mill");
  await enter();
  expect(push).toHaveBeenCalledWith("/devices/mill");
  await open();
  const group = await screen.findByTestId("palette-recent");
  within(group).getByTestId("palette-entry-device:mill");
});

it("asks for no people, and offers no action, that the role may not have", async () => {
  const { asked } = show("viewer");
  await open();
  // The service would be asked for people at the same moment as for series.
  await type("press");
  await screen.findByTestId("palette-entry-series:press-4:7");
  expect(asked).not.toContain("/api/users");
  await type("nobody");
  await screen.findByTestId("palette-nothing");
  await type("");
  const entries = (await screen.findAllByRole("option")).map((option) => option.dataset.testid);
  expect(entries).toEqual([
    "palette-entry-page:/dashboard",
    "palette-entry-page:/explore",
    "palette-entry-page:/devices",
    "palette-entry-page:/status",
    "palette-entry-page:/profile",
    "palette-entry-page:/security",
    "palette-entry-action:theme-light",
    "palette-entry-action:theme-dark",
    "palette-entry-action:theme-system",
    "palette-entry-action:language-de",
    "palette-entry-action:sign-out",
  ]);
});

it("finds people for an administrator", async () => {
  show("admin");
  await open();
  await type("ada");
  await screen.findByTestId("palette-entry-person:u1");
  await enter();
  expect(push).toHaveBeenCalledWith("/users/u1");
});

it("says which service failed, and still finds the rest", async () => {
  let isDown = true;
  show("user", {
    ...ANSWERS,
    "/api/telemetry/devices": () => {
      if (isDown) throw new ApiError(403, "forbidden", "");
      return ANSWERS["/api/telemetry/devices"]!();
    },
  });
  await open();
  const failed = await screen.findByTestId("palette-failed-devices");
  await type("night");
  await screen.findByTestId("palette-entry-dashboard:d1");
  isDown = false;
  fireEvent.click(within(failed).getByRole("button"));
  await waitFor(() => expect(screen.queryByTestId("palette-failed-devices")).toBeNull());
  await type("mill");
  await screen.findByTestId("palette-entry-device:mill");
});

it("stays open and says why when the sign-out fails", async () => {
  const { signOut } = show("user");
  signOut.mockRejectedValue(new ApiError(0, "unreachable", ""));
  await open();
  await type("sign out");
  await screen.findByTestId("palette-entry-action:sign-out");
  await enter();
  await screen.findByRole("alert");
  expect(signOut).toHaveBeenCalledOnce();
});

it("opens a page with g and its letter, outside fields and with permission only", () => {
  show("user");
  const keys = (target: Element, ...pressed: string[]) =>
    pressed.forEach((key) => fireEvent.keyDown(target, { key }));
  keys(screen.getByLabelText("Elsewhere"), "g", "v");
  keys(document.body, "g", "u");
  keys(document.body, "g", "x", "v");
  expect(push).not.toHaveBeenCalled();
  keys(document.body, "g", "v");
  expect(push).toHaveBeenCalledExactlyOnceWith("/devices");
});

it("finds a collector that was enrolled but never connected, for those who may see enrolments", async () => {
  show("admin");
  await open();
  await type("saw");
  const found = await screen.findByTestId("palette-entry-device:saw-9");
  expect(found.textContent).toBe("Band sawsaw-9");
  await enter();
  expect(push).toHaveBeenCalledWith("/devices/saw-9");
});

it("finds no deleted collector, and no collector twice", async () => {
  show("admin");
  await open();
  await type("mill");
  await screen.findByTestId("palette-entry-device:mill");
  expect(screen.getAllByTestId("palette-entry-device:mill")).toHaveLength(1);
  await type("old");
  await waitFor(() => expect(screen.queryByTestId("palette-entry-device:mill")).toBeNull());
  expect(screen.queryByTestId("palette-entry-device:old-1")).toBeNull();
});
