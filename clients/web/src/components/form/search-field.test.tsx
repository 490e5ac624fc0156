// @vitest-environment jsdom
import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { setUpComponentTests } from "@/testing/component-tests";
import { SearchField } from "./search-field";
import { render } from "@/testing/render";

setUpComponentTests();
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const type = (text: string) => fireEvent.change(screen.getByRole("searchbox"), { target: { value: text } });
const shown = () => (screen.getByRole("searchbox") as HTMLInputElement).value;
const pause = () => act(() => vi.advanceTimersByTime(1_000));

it("searches once the user pauses, and keeps what was typed since", () => {
  const onSearch = vi.fn();
  const field = (value: string) => <SearchField label="Search" value={value} onSearch={onSearch} />;
  const { rerender } = render(field(""));
  type("a");
  type("ad");
  pause();
  expect(onSearch.mock.calls).toEqual([["ad"]]);
  type("ada");
  rerender(field("ad"));
  expect(shown()).toBe("ada");
  pause();
  expect(onSearch).toHaveBeenLastCalledWith("ada");
});

it("shows the search of the page when the page changes it", () => {
  const onSearch = vi.fn();
  const field = (value: string) => <SearchField label="Search" value={value} onSearch={onSearch} />;
  const { rerender } = render(field("ada"));
  rerender(field(""));
  expect(shown()).toBe("");
  pause();
  expect(onSearch).not.toHaveBeenCalled();
});
