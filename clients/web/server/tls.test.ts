import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCertificate, reloadCertificate } from "./tls.mjs";

const folder = mkdtempSync(join(tmpdir(), "tls-"));
const env = { PULSE_TLS_CERT_FILE: join(folder, "cert.pem"), PULSE_TLS_KEY_FILE: join(folder, "key.pem") };
const makeCertificate = (name: string) =>
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "1",
    ].concat(["-subj", `/CN=${name}`, "-keyout", env.PULSE_TLS_KEY_FILE, "-out", env.PULSE_TLS_CERT_FILE]),
    { stdio: "ignore" },
  );

beforeAll(() => void makeCertificate("first"));
afterAll(() => rmSync(folder, { recursive: true }));

it("has no certificate without settings, and needs both files", () => {
  expect(readCertificate({} as NodeJS.ProcessEnv)).toBeUndefined();
  expect(() => readCertificate({ PULSE_TLS_CERT_FILE: "x" } as unknown as NodeJS.ProcessEnv)).toThrow(
    "set both",
  );
  expect(readCertificate(env as unknown as NodeJS.ProcessEnv)?.cert).toEqual(
    readFileSync(env.PULSE_TLS_CERT_FILE),
  );
});

it("serves a renewed certificate without a restart", async () => {
  const settings = env as unknown as NodeJS.ProcessEnv;
  const server = createServer(readCertificate(settings)!);
  reloadCertificate(server, settings, () => {}, 20);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const servedName = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on("error", reject);
    });
  expect(await servedName()).toBe("first");
  makeCertificate("second");
  await expect.poll(servedName, { timeout: 4_000 }).toBe("second");
  await new Promise((resolve) => server.close(resolve));
});
