// Build settings of the web client. Back-end addresses are not here: they are read at run time by src/proxy.ts.

/** @type {import("next").NextConfig} */
const config = {
  output: "standalone",
  // Both roots are this folder, so that the server lies at .next/standalone/server.js wherever the repository lies.
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  // No image is resized here; leaving sharp out makes the standalone folder 17 MB smaller.
  images: { unoptimized: true },
  outputFileTracingExcludes: { "*": ["node_modules/@img/**", "node_modules/sharp/**"] },
  poweredByHeader: false,
  // Socket.IO's path ends in a slash; a redirect would break the upgrade.
  skipTrailingSlashRedirect: true,
  experimental: { proxyTimeout: 120_000 },
};

export default config;
