import { expect, it } from "vitest";
import { allPages, type Page } from "./pages";

it("follows the cursor to the last page", async () => {
  const pages = new Map<string | undefined, Page<number>>([
    [undefined, { items: [1, 2], next: "x y" }],
    ["x y", { items: [3], next: "z" }],
    ["z", { items: [4], next: null }],
  ]);
  const cursors: (string | undefined)[] = [];
  const items = await allPages((after) => {
    cursors.push(after);
    return Promise.resolve(pages.get(after)!);
  });
  expect(items).toEqual([1, 2, 3, 4]);
  expect(cursors).toEqual([undefined, "x y", "z"]);
});

it("stops after one page when there is no cursor", async () => {
  let calls = 0;
  const fetchPage = () => {
    calls += 1;
    return Promise.resolve({ items: [7], next: null });
  };
  expect(await allPages(fetchPage)).toEqual([7]);
  expect(calls).toBe(1);
});
