import { expect, it } from "vitest";
import { devicesSchema, seriesListSchema } from "@/contracts/http";
import { allPages, type Page } from "./pages";

it("follows the cursor to the last page", async () => {
  const pages: Record<string, Page<number>> = {
    "/list?device=a%2Fb": { items: [1, 2], next: "x y" },
    "/list?device=a%2Fb&after=x%20y": { items: [3], next: "z" },
    "/list?device=a%2Fb&after=z": { items: [4], next: null },
  };
  const asked: string[] = [];
  const items = await allPages("/list?device=a%2Fb", (path) => {
    asked.push(path);
    return Promise.resolve(pages[path]!);
  });
  expect(items).toEqual([1, 2, 3, 4]);
  expect(asked).toHaveLength(3);
});

it("asks once for a list that has no cursor", async () => {
  const read = seriesListSchema.parse({ items: [], truncated: false });
  expect(read.next).toBeNull();
  expect(await allPages("/list", () => Promise.resolve({ items: [7], next: read.next }))).toEqual([7]);
});

it("takes names and numbers for a cursor", () => {
  expect(devicesSchema.parse({ items: [], next: "press-7" }).next).toBe("press-7");
  expect(seriesListSchema.parse({ items: [], next: 41 }).next).toBe("41");
});
