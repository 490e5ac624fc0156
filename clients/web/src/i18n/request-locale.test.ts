import { expect, it } from "vitest";
import { localeOf } from "./request-locale";

it.each([
  ["de", "en", "de"],
  [undefined, "de-AT,de;q=0.9,en;q=0.8", "de"],
  [undefined, "fr,en;q=0.5,de;q=0.7", "de"],
  [undefined, "fr", "en"],
  [undefined, null, "en"],
  [undefined, "", "en"],
  ["../de", ";;q=,,*", "en"],
  ["__proto__", `de;q=0,${"x-".repeat(5_000)}`, "en"],
])("chooses the language: cookie %s, browser %s → %s", (chosen, accepted, locale) => {
  expect(localeOf(chosen, accepted)).toBe(locale);
});
