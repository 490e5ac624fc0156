// Lint rules: Next's own sets with nothing switched off, plus the import directions of this project.
import coreWebVitals from "eslint-config-next/core-web-vitals";
import typescript from "eslint-config-next/typescript";

const features = ["auth", "live", "dashboard", "security"];

const config = [
  { ignores: [".next/**", "node_modules/**", "next-env.d.ts", "src/contracts/generated/**"] },
  ...coreWebVitals,
  ...typescript,
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/consistent-type-imports": "error",
      // Browsers get no Zod: answers of the services are typed from their documents. Only the server reads settings with it.
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "zod", message: "Zod stays on the server: src/lib/env.ts." }] },
      ],
      "import/no-restricted-paths": [
        "error",
        {
          basePath: import.meta.dirname,
          zones: [
            // Features are islands; only src/app joins them.
            ...features.map((name) => ({
              target: `./src/features/${name}`,
              from: "./src/features",
              except: [`./${name}`],
              message: "Features do not import each other: join them in src/app.",
            })),
            // Shared code knows no feature and no page: imports run shared → features → app.
            {
              target: ["./src/components", "./src/lib", "./src/contracts"],
              from: ["./src/features", "./src/app"],
              message: "Shared code imports neither features nor pages.",
            },
            { target: "./src/features", from: "./src/app", message: "Features do not import pages." },
          ],
        },
      ],
    },
  },
  { files: ["src/lib/env.ts"], rules: { "no-restricted-imports": "off" } },
];

export default config;
