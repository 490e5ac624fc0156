import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // Component tests select jsdom in their first line.
  test: {
    environment: "node",
    include: ["{src,server}/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/english.ts"],
    testTimeout: 180_000,
  },
});
