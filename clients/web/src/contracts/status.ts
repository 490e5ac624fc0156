// What `/status/services` of this web server answers.

export type ServiceStatus = {
  readonly name: "auth" | "users" | "telemetry" | "sync";
  readonly isReady: boolean;
  /** What the service depends on, and whether it works. Empty when the service does not answer. */
  readonly checks: Readonly<Record<string, boolean>>;
  /** How long the answer took; null without an answer. */
  readonly tookMs: number | null;
};

/** `none`: the web server does not use TLS. `unreadable`: its certificate cannot be read. `startsAt`, `expiresAt`: ISO 8601. */
export type WebCertificate =
  | { readonly state: "none" | "unreadable" }
  | { readonly state: "known"; readonly name: string; readonly startsAt: string; readonly expiresAt: string };

/** `at`: when the services were asked, as ISO 8601. */
export type SystemStatus = {
  readonly at: string;
  readonly services: readonly ServiceStatus[];
  readonly certificate: WebCertificate;
};
