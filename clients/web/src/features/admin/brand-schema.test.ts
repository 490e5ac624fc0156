import { expect, it } from "vitest";
import { brandSchema } from "./brand-schema";
import { accentContrast } from "./contrast";
import { isLogoImage } from "./image-file";

const OWN = { name: "", light: "#2f5bea", dark: "#6f93ff" };

it("accepts the product's own colours, and names of any script", () => {
  expect(brandSchema.safeParse(OWN).success).toBe(true);
  for (const name of ["🏭 Halle 4", "مصنع الفولاذ", "<b>Pulse</b>", " x "])
    expect(brandSchema.safeParse({ ...OWN, name }).success).toBe(true);
});

it.each([
  [{ name: "x".repeat(61) }, "name"],
  [{ light: "blue" }, "light"],
  [{ light: "#8aa7ff" }, "light"],
  [{ dark: "#2f5bea" }, "dark"],
  [{ dark: "" }, "dark"],
])("refuses %o at its field", (change, field) => {
  const { error } = brandSchema.safeParse({ ...OWN, ...change });
  expect(error?.issues[0]?.path).toEqual([field]);
});

it("measures the contrast as WCAG does, against the hardest surface", () => {
  expect(accentContrast("#000000", "light")).toBeGreaterThan(15);
  expect(accentContrast("#767676", "light")).toBeLessThan(4.5);
  expect(accentContrast("#2f5bea", "light")).toBeGreaterThan(4.5);
});

it("knows an image by its bytes, whatever its name is", async () => {
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0]);
  expect(await isLogoImage(new Blob([png]))).toBe(true);
  expect(await isLogoImage(new Blob(["<svg onload=alert(1)>"], { type: "image/png" }))).toBe(false);
});
