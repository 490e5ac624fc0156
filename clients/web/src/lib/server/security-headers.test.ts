import { expect, it } from "vitest";
import { contentSecurityPolicy } from "./security-headers";

it("allows no script without the nonce, and no eval", () => {
  const policy = contentSecurityPolicy("N", false);
  expect(policy).toContain("script-src 'self' 'nonce-N' 'strict-dynamic';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe-eval");
  expect(policy.replace("style-src-attr 'unsafe-inline'", "")).not.toContain("unsafe-inline");
});
