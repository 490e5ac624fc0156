// Build settings. The addresses of the back ends are settings of src/proxy.ts, which reads them at run time.
import createNextIntlPlugin from "next-intl/plugin";

/** @type {import("next").NextConfig} */
const config = {
  output: "standalone",
  // Both roots are this folder, so that the server is at .next/standalone/server.js in any checkout.
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  // The server resizes no images. Without sharp, the standalone folder is 17 MB smaller.
  images: { unoptimized: true },
  outputFileTracingExcludes: { "*": ["node_modules/@img/**", "node_modules/sharp/**"] },
  poweredByHeader: false,
  // Socket.IO's path ends in a slash. A redirect would break the upgrade.
  skipTrailingSlashRedirect: true,
  experimental: { proxyTimeout: 120_000 },
};

// Texts are compiled at build time, so that pages carry no parser for them (about 10 kB).
const withNextIntl = createNextIntlPlugin({
  experimental: { messages: { path: "./src/messages", format: "json", locales: "infer", precompile: true } },
});

export default withNextIntl(config);
