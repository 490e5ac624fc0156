import { expect, it } from "vitest";
import { frameFor } from "./overview-frame";

const YEAR_US = 365 * 86_400 * 1_000_000;

it("stays the same object until the span does not fit any more, also near 1970", () => {
  // React renders again when the object is another one. A new one at every call would never end.
  for (const from of [0, 1, 50 * YEAR_US]) {
    const span = { from, to: from + YEAR_US };
    const frame = frameFor(null, span);
    expect(frame.from).toBeLessThanOrEqual(span.from);
    expect(frame.to).toBeGreaterThanOrEqual(span.to);
    expect(frameFor(frame, span)).toBe(frame);
  }
});
