// @vitest-environment node
import { beforeEach, describe, expect, it, vi } from "vitest";

describe("PULSE_EMBED_ORIGINS", () => {
  beforeEach(() => vi.resetModules());

  it.each([
    ["", []],
    ['["https://hall.example"]', ["https://hall.example"]],
  ])("%s allows these origins", async (text, expected) => {
    vi.stubEnv("PULSE_EMBED_ORIGINS", text);
    expect((await import("./env")).serverEnv().embedOrigins).toEqual(expected);
  });

  it.each([
    "https://hall.example",
    '["*"]',
    '["https://a.example; script-src *"]',
    '["https://a.example/path"]',
    "[1]",
  ])("%s is rejected: it would change the security policy", async (text) => {
    vi.stubEnv("PULSE_EMBED_ORIGINS", text);
    const { serverEnv } = await import("./env");
    expect(() => serverEnv()).toThrow("PULSE_EMBED_ORIGINS");
  });
});
