// Settings of the web server. They are read at run time, so one build works for every installation.
import { z } from "zod";

z.config({ jitless: true });

const address = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

/** A path, a wildcard or white space would change the content security policy. */
const ORIGIN = /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/i;
const origins = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be a JSON list of origins" });
      return z.NEVER;
    }
  })
  .pipe(z.array(z.string().regex(ORIGIN)).max(20));

const envSchema = z.object({
  PULSE_AUTH_URL: address.default("http://127.0.0.1:8101"),
  PULSE_USERS_URL: address.default("http://127.0.0.1:8102"),
  PULSE_GATEWAY_URL: address.default("http://127.0.0.1:8103"),
  PULSE_SYNC_URL: address.default("http://127.0.0.1:8104"),
  /** The website's origin as browsers see it. The server sends it when it calls back ends for a browser. Default: the
   * origin of the request. */
  PULSE_PUBLIC_URL: address.optional(),
  /** The origins whose pages may show share links in a frame, as a JSON list. */
  PULSE_EMBED_ORIGINS: origins.default([]),
});

export type ServerEnv = {
  authUrl: string;
  usersUrl: string;
  gatewayUrl: string;
  syncUrl: string;
  publicOrigin: string | undefined;
  embedOrigins: readonly string[];
};

let cached: ServerEnv | undefined;

/** The settings of this process. Throws an Error that names each variable without a valid http(s) address. */
export function serverEnv(): ServerEnv {
  if (cached) return cached;
  if (process.env.PULSE_PUBLIC_ORIGIN) {
    throw new Error("invalid settings: PULSE_PUBLIC_ORIGIN is now called PULSE_PUBLIC_URL");
  }
  const parsed = envSchema.safeParse({
    PULSE_AUTH_URL: process.env.PULSE_AUTH_URL || undefined,
    PULSE_USERS_URL: process.env.PULSE_USERS_URL || undefined,
    PULSE_GATEWAY_URL: process.env.PULSE_GATEWAY_URL || undefined,
    PULSE_SYNC_URL: process.env.PULSE_SYNC_URL || undefined,
    PULSE_PUBLIC_URL: process.env.PULSE_PUBLIC_URL || undefined,
    PULSE_EMBED_ORIGINS: process.env.PULSE_EMBED_ORIGINS || undefined,
  });
  if (!parsed.success) throw new Error(`invalid settings:\n${z.prettifyError(parsed.error)}`);
  cached = {
    authUrl: parsed.data.PULSE_AUTH_URL,
    usersUrl: parsed.data.PULSE_USERS_URL,
    gatewayUrl: parsed.data.PULSE_GATEWAY_URL,
    syncUrl: parsed.data.PULSE_SYNC_URL,
    publicOrigin: parsed.data.PULSE_PUBLIC_URL,
    embedOrigins: parsed.data.PULSE_EMBED_ORIGINS,
  };
  return cached;
}
