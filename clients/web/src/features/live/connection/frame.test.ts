import { describe, expect, it } from "vitest";
import { decodeFrame } from "./frame";

const frame = {
  sent: 5,
  pos: { a: 7 },
  lane: "live",
  conflated: false,
  series: [11, 12],
  x: [0, 1, 1],
  t: [1, 2, 3],
  v: [1.5, true, 0],
};

describe("decodeFrame", () => {
  it("accepts a valid frame", () => {
    expect(decodeFrame(frame)).toEqual(frame);
  });

  it.each([
    ["nothing", null],
    ["text", "frame"],
    ["columns of different length", { ...frame, t: [1, 2] }],
    ["an index past the series", { ...frame, x: [0, 1, 2] }],
    ["a negative index", { ...frame, x: [0, 1, -1] }],
    ["a value that is neither a number nor a boolean", { ...frame, v: [1, "2", 3] }],
    ["a value that is not finite", { ...frame, v: [1, Number.NaN, 3] }],
    ["a fractional time", { ...frame, t: [1, 2, 3.5] }],
    ["an unknown lane", { ...frame, lane: "express" }],
    ["a position that is not a number", { ...frame, pos: { a: "7" } }],
    ["no series", { ...frame, series: undefined }],
  ])("rejects %s", (_, message) => {
    expect(decodeFrame(message)).toBeNull();
  });
});
