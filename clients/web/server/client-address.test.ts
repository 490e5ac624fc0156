import { describe, expect, it } from "vitest";
import { clientAddress, clientProtocol, trustedProxies } from "./client-address.mjs";

const trusted = trustedProxies('["192.0.2.0/24", "2001:db8::1"]');
const forged = { "x-forwarded-for": "6.6.6.6, 198.51.100.7", "x-forwarded-proto": "https" };

describe("the client of a request", () => {
  it.each([
    ["198.51.100.1", "198.51.100.1", "http"],
    ["::ffff:198.51.100.1", "198.51.100.1", "http"],
    ["192.0.2.9", "198.51.100.7", "https"],
    ["::ffff:192.0.2.9", "198.51.100.7", "https"],
    ["2001:db8::1", "198.51.100.7", "https"],
    ["2001:db8::2", "2001:db8::2", "http"],
  ])("behind %s is %s with %s", (remoteAddress, client, protocol) => {
    expect(clientAddress({ remoteAddress }, forged, trusted)).toBe(client);
    expect(clientProtocol({ remoteAddress }, forged, trusted)).toBe(protocol);
  });

  it("is the proxy itself when it names no valid address", () => {
    for (const text of [undefined, "", "unknown", "1.2.3.4, "]) {
      const headers = text === undefined ? {} : { "x-forwarded-for": text };
      expect(clientAddress({ remoteAddress: "192.0.2.9" }, headers, trusted)).toBe("192.0.2.9");
    }
  });

  it.each(["192.0.2.1", '["x"]', '["192.0.2.0/33"]', '["::1/129"]', "[1]", "{}", '["192.0.2.0/"]'])(
    "rejects %s with the name of the setting",
    (text) => {
      expect(() => trustedProxies(text)).toThrow("PULSE_TRUSTED_PROXIES");
    },
  );
});
