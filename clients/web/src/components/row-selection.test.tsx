// @vitest-environment jsdom
import { fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { setUpComponentTests } from "@/testing/component-tests";
import { render } from "@/testing/render";
import { SelectPage, SelectRow } from "./row-selection";

setUpComponentTests();

type Row = { id: string };

function Page({ ids, most, before = [] }: { ids: string[]; most: number; before?: string[] }) {
  const [chosen, onChange] = useState<ReadonlyMap<string, Row>>(new Map(before.map((id) => [id, { id }])));
  const selection = { chosen, most, onChange };
  const rows = ids.map((id) => ({ id }));
  return (
    <>
      <SelectPage rows={rows} selection={selection} />
      {rows.map((row) => (
        <SelectRow key={row.id} row={row} name={row.id} testId={row.id} selection={selection} />
      ))}
      <output>{[...chosen.keys()].join(" ")}</output>
    </>
  );
}

const box = (id: string) => screen.getByTestId(id) as HTMLInputElement;
const chosen = () => screen.getByRole("status").textContent;

it("selects the page, and deselects it", () => {
  render(<Page ids={["a", "b"]} most={9} before={["z"]} />);
  fireEvent.click(box("select-page"));
  expect(chosen()).toBe("z a b");
  fireEvent.click(box("select-page"));
  expect(chosen()).toBe("z");
});

it("clears a page that the limit let it select in part only", () => {
  render(<Page ids={["a", "b", "c"]} most={3} before={["z"]} />);
  fireEvent.click(box("select-page"));
  expect(chosen()).toBe("z a b");
  expect(box("select-page").indeterminate).toBe(true);
  expect(box("c").disabled).toBe(true);
  fireEvent.click(box("select-page"));
  expect(chosen()).toBe("z");
});

it("offers no box that could not do anything", () => {
  render(<Page ids={["a"]} most={1} before={["z"]} />);
  expect(box("select-page").disabled).toBe(true);
});
