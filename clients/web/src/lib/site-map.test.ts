import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PAGES, pageOf } from "./site-map";

it.each(PAGES.map(({ href }) => href))("has a page for every entry: %s", (href) => {
  expect(existsSync(join(import.meta.dirname, "../app", href, "page.tsx"))).toBe(true);
});

it("finds the page of an address below it, and no other page", () => {
  expect(pageOf("/devices/press-4")?.href).toBe("/devices");
  expect(pageOf("/devices")?.href).toBe("/devices");
  expect(pageOf("/users/")?.href).toBe("/users");
  for (const path of ["/devicesx", "/devices/a/b", "/dashboard/a/b", "/login", "/", "/Users"])
    expect(pageOf(path)).toBeNull();
});
