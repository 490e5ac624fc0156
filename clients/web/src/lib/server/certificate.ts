// The certificate of this web server.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { WebCertificate } from "@/contracts/status";

/** Reads the file that `PULSE_TLS_CERT_FILE` names. */
export function webCertificate(file: string | undefined = process.env.PULSE_TLS_CERT_FILE): WebCertificate {
  if (!file) return { state: "none" };
  try {
    const { subject, validFrom, validTo } = new X509Certificate(readFileSync(file));
    const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? "";
    const [startsAt, expiresAt] = [validFrom, validTo].map((time) => new Date(time).toISOString());
    return { state: "known", name, startsAt: startsAt!, expiresAt: expiresAt! };
  } catch {
    return { state: "unreadable" };
  }
}
