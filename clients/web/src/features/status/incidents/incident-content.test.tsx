// @vitest-environment jsdom
import { fireEvent, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/api-client";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { IncidentContent, type IncidentPart } from "./incident-content";

setUpComponentTests();

const NAMES = ["reported", "outages", "mirror"] as const;
const NOTHING = "Nothing unusual has happened.";
type Query = IncidentPart["query"];
const loaded: Query = { data: [], isError: false, error: null, refetch: vi.fn() };
const loading: Query = { ...loaded, data: undefined };
const missing: Query = { ...loading, isError: true, error: new ApiError(503, "unavailable", "") };
const outdated: Query = { ...missing, data: [] };

/** All parts are loaded, except `name`. */
function show(name: (typeof NAMES)[number], query: Query) {
  const parts = NAMES.map((one) => ({ name: one, query: one === name ? query : loaded }));
  render(<IncidentContent parts={parts}>{false}</IncidentContent>);
}

it("says that nothing has happened when all parts are loaded and have no entry", () => {
  show("reported", loaded);
  expect(screen.getByText(NOTHING)).toBeTruthy();
  expect(screen.queryByLabelText("Loading")).toBeNull();
});

it.each(NAMES)("does not deny an incident while a part loads: %s", (name) => {
  show(name, loading);
  expect(screen.getByLabelText("Loading")).toBeTruthy();
  expect(screen.queryByText(NOTHING)).toBeNull();
});

it.each(NAMES)("names the part that could not be loaded, and denies nothing: %s", (name) => {
  show(name, missing);
  expect(screen.getByTestId(`incidents-failed-${name}`).textContent).toMatch(/^.+ could not be loaded\. .+/);
  expect(screen.getByText("Try again")).toBeTruthy();
  expect(screen.queryByText(NOTHING)).toBeNull();
});

it.each(NAMES)("names the part that may be outdated, and denies nothing: %s", (name) => {
  show(name, outdated);
  expect(screen.getByTestId(`incidents-failed-${name}`).textContent).toMatch(/^.+ may be outdated\. .+/);
  expect(screen.queryByText(NOTHING)).toBeNull();
});

it("loads again what is missing, and nothing else", () => {
  const [again, other] = [vi.fn(), vi.fn()];
  const parts: IncidentPart[] = [
    { name: "reported", query: { ...missing, refetch: again } },
    { name: "outages", query: { ...outdated, refetch: other } },
  ];
  render(<IncidentContent parts={parts}>{false}</IncidentContent>);
  fireEvent.click(screen.getByText("Try again"));
  expect(again).toHaveBeenCalledOnce();
  expect(other).not.toHaveBeenCalled();
});
