import { expect, it } from "vitest";
import { passwordProblems } from "./password-rules";

it("has one sentence for each rule, and one for unknown rules", () => {
  const all = ["too_short", "too_long", "not_text", "common", "pattern", "contains_context", "unknown"];
  const sentences = passwordProblems(all, { min_length: 12, max_length: 128 });
  expect(new Set(sentences).size).toBe(all.length);
  expect(sentences[0]).toContain("12");
  expect(sentences[1]).toContain("128");
});
