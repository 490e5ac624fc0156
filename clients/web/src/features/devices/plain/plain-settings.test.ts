import { describe, expect, it } from "vitest";
import { plainSettingsSchema, settingsOf, valuesOf } from "./plain-settings";

const STORED = {
  takes_text: true,
  time_keys: ["time", "ts"],
  time_zone: "Europe/Berlin",
  left_out: ["Wifi", "a.b c"],
};
const isValid = (change: object) => plainSettingsSchema.safeParse({ ...valuesOf(STORED), ...change }).success;

describe("settings of a plain device", () => {
  it("survive a round trip through the form", () => {
    expect(settingsOf(valuesOf(STORED))).toEqual(STORED);
    expect(isValid({})).toBe(true);
  });

  it("ignore empty lines, white space and repeated names", () => {
    expect(settingsOf({ ...valuesOf(STORED), left_out: "\n  Wifi \nWifi\n\n" }).left_out).toEqual(["Wifi"]);
  });

  it.each([
    ["an unknown time zone", { time_zone: "Mars/Olympus" }],
    ["no time zone", { time_zone: " " }],
    ["a name that is too long", { left_out: "x".repeat(257) }],
    ["a name with a control character", { left_out: "a\u0000b" }],
    ["a time name that is too long", { time_keys: "x".repeat(65) }],
    ["too many names", { left_out: Array.from({ length: 201 }, (_, index) => `n${index}`).join("\n") }],
  ])("refuse %s", (_, change) => {
    expect(isValid(change)).toBe(false);
  });
});
