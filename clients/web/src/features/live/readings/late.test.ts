import { describe, expect, it } from "vitest";
import { withStretch } from "./late";

describe("withStretch", () => {
  it("joins what is near, and keeps what is apart, in order", () => {
    let held = withStretch([], { from: 10, to: 20 }, 5);
    held = withStretch(held, { from: 40, to: 50 }, 5);
    held = withStretch(held, { from: 0, to: 3 }, 5);
    expect(held).toEqual([
      { from: 0, to: 3 },
      { from: 10, to: 20 },
      { from: 40, to: 50 },
    ]);
    expect(withStretch(held, { from: 18, to: 35 }, 5)).toEqual([
      { from: 0, to: 3 },
      { from: 10, to: 50 },
    ]);
  });

  it("never holds more than it may", () => {
    let held = withStretch([], { from: 0, to: 1 }, 1);
    for (let at = 10; at < 2_000; at += 10) held = withStretch(held, { from: at, to: at + 1 }, 1);
    expect(held).toHaveLength(64);
    expect(held.at(-1)).toEqual({ from: 1_990, to: 1_991 });
  });
});
