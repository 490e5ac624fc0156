import { expect, it } from "vitest";
import { idempotencyKeys } from "./idempotency-key";

it("gives one key to a wish that is sent again, and another to another wish", () => {
  const keyOf = idempotencyKeys();
  const first = keyOf({ name: "export", days: 30 });
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(keyOf({ name: "export", days: 30 })).toBe(first);
  expect(keyOf({ name: "export", days: 31 })).not.toBe(first);
});

it("gives the same wish of another form another key", () => {
  expect(idempotencyKeys()("x")).not.toBe(idempotencyKeys()("x"));
});
