import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Tests of components ask for a browser in their own first line; everything else is pure.
  test: { environment: "node", include: ["{src,server}/**/*.test.{ts,tsx}"], testTimeout: 5_000 },
});
