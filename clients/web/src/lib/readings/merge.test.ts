import { expect, it } from "vitest";
import { merge } from "./merge";

const base = { name: "Ada", role: "user", tags: ["a"] };

it("takes their change where I changed nothing, and keeps mine elsewhere", () => {
  const { values, conflicts, adopted } = merge(
    base,
    { ...base, name: "Ada L." },
    { ...base, role: "admin", tags: ["a", "b"] },
  );
  expect(values).toEqual({ name: "Ada L.", role: "admin", tags: ["a", "b"] });
  expect(adopted).toEqual(["role", "tags"]);
  expect(conflicts).toEqual([]);
});

it("keeps mine and names the field when both changed it", () => {
  const { values, conflicts } = merge(base, { ...base, name: "Ada L." }, { ...base, name: "A. Lovelace" });
  expect(values.name).toBe("Ada L.");
  expect(conflicts).toEqual(["name"]);
});

it("has no conflict when both made the same change", () => {
  const same = { ...base, name: "Ada L." };
  expect(merge(base, same, same)).toEqual({ values: same, conflicts: [], adopted: [] });
});
