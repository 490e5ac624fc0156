import { expect, it } from "vitest";
import { idempotencyKeys } from "./idempotency-key";

it("gives the same body the same key, and another body another key", () => {
  const keyOf = idempotencyKeys();
  const first = keyOf({ name: "export", days: 30 });
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(keyOf({ name: "export", days: 30 })).toBe(first);
  expect(keyOf({ name: "export", days: 31 })).not.toBe(first);
});

it("gives the same body of another form another key", () => {
  expect(idempotencyKeys()("x")).not.toBe(idempotencyKeys()("x"));
});
