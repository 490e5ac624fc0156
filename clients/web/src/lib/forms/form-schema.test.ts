import { expect, it } from "vitest";
import { line, resolverOf, z } from "./form-schema";

const schema = z.object({ name: line(10, () => "Enter a name."), note: line(5) });

const check = (values: { name: string; note: string }) =>
  resolverOf(schema)(values, undefined, { fields: {}, shouldUseNativeValidation: false });

it("removes white space around a text", async () => {
  expect(await check({ name: "\t Ada \n", note: " " })).toEqual({
    values: { name: "Ada", note: "" },
    errors: {},
  });
});

it.each([
  ["   ", "Enter a name."],
  ["x".repeat(11), "Use at most 10 characters."],
  ["a\u0000b", "Remove line breaks and other control characters."],
])("says what is wrong with %j", async (name, message) => {
  expect(await check({ name, note: "" })).toEqual({
    values: {},
    errors: { name: { type: expect.any(String), message } },
  });
});

it.each(["<b>Ada</b>", "عائشة", "🦉🦉", "李"])("takes any script and any sign: %s", async (name) => {
  expect(await check({ name, note: "" })).toMatchObject({ values: { name } });
});
