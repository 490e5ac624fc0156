// @vitest-environment jsdom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { setUpComponentTests } from "@/testing/component-tests";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "./menu";
import { render } from "@/testing/render";

setUpComponentTests();

const open = () => {
  render(
    <>
      <Menu>
        <MenuTrigger>Open</MenuTrigger>
        <MenuContent>
          <MenuItem>Item</MenuItem>
        </MenuContent>
      </Menu>
      <input aria-label="Elsewhere" />
    </>,
  );
  const trigger = screen.getByText("Open");
  trigger.focus();
  fireEvent.keyDown(trigger, { key: "Enter" });
  return { trigger, menu: screen.getByRole("menu") };
};

/** Radix returns the focus in a timer. A timer that was set after it runs after it. */
const timersHaveRun = () => new Promise((resolve) => setTimeout(resolve, 0));

it("returns the focus to its trigger when it closes", async () => {
  const { trigger, menu } = open();
  fireEvent.keyDown(menu, { key: "Escape" });
  await waitFor(() => expect(document.activeElement).toBe(trigger));
});

it("leaves the focus where the person has moved it meanwhile", async () => {
  const { menu } = open();
  fireEvent.keyDown(menu, { key: "Escape" });
  const field = screen.getByLabelText("Elsewhere");
  field.focus();
  await timersHaveRun();
  expect(document.activeElement).toBe(field);
});
