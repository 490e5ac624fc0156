import { createServer } from "node:http";
import { request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { trustedProxies } from "./client-address.mjs";
import { filterRequests } from "./request-filter.mjs";
import { strictHost } from "./strict-transport.mjs";

const hostOf = (publicUrl?: string, choice?: string) =>
  strictHost({ PULSE_PUBLIC_URL: publicUrl, PULSE_HSTS: choice } as unknown as NodeJS.ProcessEnv);

it.each([
  ["https://pulse.example.org", undefined, "pulse.example.org"],
  ["https://pulse.example.org:8443", "", "pulse.example.org"],
  ["https://pulse.example.org", "on", "pulse.example.org"],
  ["https://pulse.example.org", "off", undefined],
  ["http://pulse.example.org", "on", undefined],
  ["https://192.0.2.7", "on", undefined],
  ["https://[2001:db8::1]:8443", "on", undefined],
  ["https://localhost:8443", "on", undefined],
  [undefined, "on", undefined],
])("with %s and PULSE_HSTS=%s it applies to %s", (publicUrl, choice, host) => {
  expect(hostOf(publicUrl, choice)).toBe(host);
});

it("rejects another value of the setting", () => {
  expect(() => hostOf("https://pulse.example.org", "yes")).toThrow("PULSE_HSTS: use on or off");
});

it("is in every response for the public host, unless a trusted proxy says that the client used HTTP", async () => {
  const server = filterRequests(
    createServer((_, response) => response.writeHead(200, { "x-kept": "1" }).end()),
    { strictHost: "pulse.example.org", trusted: trustedProxies('["127.0.0.1"]') },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const headersFor = (headers: Record<string, string>, method = "GET") =>
    new Promise<IncomingHttpHeaders>((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", method, headers }, (answer) => {
        answer.resume();
        resolve(answer.headers);
      });
      sent.on("error", reject).end();
    });
  const strict = async (headers: Record<string, string>, method?: string) =>
    (await headersFor(headers, method))["strict-transport-security"];
  expect((await headersFor({ host: "pulse.example.org" }))["x-kept"]).toBe("1");
  expect(await strict({ host: "pulse.example.org" })).toBe("max-age=31536000");
  expect(await strict({ host: "Pulse.Example.org:8443", "x-forwarded-proto": "https" })).toBeDefined();
  expect(await strict({ host: "pulse.example.org" }, "TRACE")).toBeDefined();
  expect(await strict({ host: "pulse.example.org", "x-forwarded-proto": "http" })).toBeUndefined();
  expect(await strict({ host: "localhost:8080" })).toBeUndefined();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
