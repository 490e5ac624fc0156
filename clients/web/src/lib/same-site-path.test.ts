import { expect, it } from "vitest";
import { sameSitePath } from "./same-site-path";

it.each(["/dashboard", "/dashboard?range=1h&device=a", "/x#y"])("keeps %s", (path) => {
  expect(sameSitePath(path)).toBe(path);
});

it.each([
  null,
  "",
  "/",
  "dashboard",
  "//evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "https://evil.example",
  "javascript:alert(1)",
  "/login",
  "/login?next=/login",
  `/${"x".repeat(600)}`,
])("replaces %j with the dashboard", (path) => {
  expect(sameSitePath(path)).toBe("/dashboard");
});
