// @vitest-environment jsdom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import { setUpComponentTests } from "@/testing/component-tests";
import AddDeviceDialog from "./manage/add-device-dialog";
import { CommandDialog } from "./device/command-dialog";
import { render } from "@/testing/render";

setUpComponentTests();

afterEach(() => {
  drafts.delete("collector:new");
  drafts.delete("plain:new");
});

const fill = (testId: string, value: string) =>
  fireEvent.change(screen.getByTestId(testId), { target: { value } });
const value = (testId: string) => (screen.getByTestId(testId) as HTMLInputElement).value;

function add(post: unknown) {
  const closed = vi.fn();
  render(<AddDeviceDialog api={{ post } as ApiClient} onCreated={() => {}} onClose={closed} />);
  return closed;
}

it("shows the code of a new collector once, and only its own button closes it", async () => {
  const post = vi.fn().mockResolvedValue({ code: "AB12", code_expires_at: null });
  const closed = add(post);
  fill("device-id", "press-4");
  fill("device-name", " Press 4 ");
  fill("device-tags", "roof, roof hall-b");
  fireEvent.click(screen.getByTestId("device-submit"));
  const command = await screen.findByTestId("enrol-command");
  expect(command.textContent).toBe(`pulse-collector enrol ${location.origin} AB12`);
  expect(post.mock.calls[0]![1].body).toEqual({
    id: "press-4",
    name: "Press 4",
    site: "",
    tags: ["roof", "hall-b"],
  });
  fireEvent.keyDown(command, { key: "Escape" });
  expect(closed).not.toHaveBeenCalled();
  fireEvent.click(screen.getByTestId("credentials-kept"));
  expect(closed).toHaveBeenCalledOnce();
});

it("keeps what was typed when the service refuses it, and names wrong fields", async () => {
  add(vi.fn().mockRejectedValue(new ApiError(409, "collector_exists", "A collector with this id exists.")));
  fill("device-id", "Press 4");
  fill("device-name", "Press 4");
  fireEvent.click(screen.getByTestId("device-submit"));
  await screen.findByText(/lower case letters, digits and hyphens/);
  fill("device-id", "press-4");
  fireEvent.click(screen.getByTestId("device-submit"));
  expect((await screen.findByTestId("device-error")).textContent).toBe("A collector with this id exists.");
  expect(value("device-id")).toBe("press-4");
});

it("allows a name in the own form of a plain device", async () => {
  const post = vi.fn().mockRejectedValue(new ApiError(503, "unavailable", ""));
  add(post);
  fireEvent.click(screen.getByText("Plain MQTT device"));
  fill("device-username", "ESP_01");
  fill("device-name", "Door");
  fireEvent.click(screen.getByTestId("device-submit"));
  await waitFor(() => expect(post).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]![1].body).toMatchObject({ username: "ESP_01", allow_own_form: true });
});

it("sends a number with a decimal comma, and refuses what may mean two numbers", async () => {
  const post = vi.fn().mockResolvedValue({});
  const sent = vi.fn();
  const api = { post } as unknown as ApiClient;
  render(
    <CommandDialog
      api={api}
      id="a"
      action="set_interval"
      isOnline={false}
      onSent={sent}
      onClose={() => {}}
    />,
  );
  screen.getByText(/not connected/);
  fill("command-argument", "1,000");
  fireEvent.click(screen.getByTestId("command-submit"));
  await screen.findByTestId("command-error");
  expect(value("command-argument")).toBe("1,000");
  fill("command-argument", "0,5");
  fireEvent.click(screen.getByTestId("command-submit"));
  await waitFor(() => expect(sent).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]![1].body).toEqual({ action: "set_interval", seconds: 0.5 });
});
