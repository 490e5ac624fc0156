// Lint rules: Next's own sets with no rule disabled, plus the import directions of this project.
import coreWebVitals from "eslint-config-next/core-web-vitals";
import typescript from "eslint-config-next/typescript";

const features = [
  "auth",
  "live",
  "dashboard",
  "explore",
  "security",
  "users",
  "devices",
  "offline",
  "offline-access",
  "audit",
  "status",
  "profile",
  "palette",
];

const SAME_EVERYWHERE = [
  "PrecisionPulse",
  ".",
  "Esc",
  "K",
  "?",
  "/",
  "·",
  "–",
  "×",
  "=",
  "+",
  ",",
  ":",
  "(",
  ")",
];

/** Properties that people see or hear. */
const SHOWN_PROPERTIES =
  "/^(title|subtitle|label|header|meta|what|placeholder|alt|aria-(label|description|valuetext|roledescription))$/";

/** Literals with words. Names of products are the same in every language, and "xxxx-xxxx" shows the form of a code. */
const WORDS = [
  "Literal[value=/^(?!PostgreSQL$|x+(-x+)*$).*[a-z]{2}/i]",
  "TemplateLiteral > TemplateElement[value.raw=/[a-z]{2}/i]",
];

/** Between the braces and the literal: nothing, a condition, or a condition in a condition. */
const CONDITION = ":matches(ConditionalExpression, LogicalExpression) > ";
const BETWEEN = ["", CONDITION, CONDITION + CONDITION];

const restricted = (selector) => ({ selector, message: "Words on the screen come from src/messages." });

const wordsInBraces = (parent) =>
  BETWEEN.flatMap((between) =>
    WORDS.map((words) => restricted(`${parent} > JSXExpressionContainer > ${between}${words}`)),
  );

const config = [
  { ignores: [".next/**", "node_modules/**", "next-env.d.ts", "src/contracts/generated/**"] },
  ...coreWebVitals,
  ...typescript,
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/consistent-type-imports": "error",
      // Zod parses the server's settings, its small build checks forms. Answers of the services need no schema: their
      // types are generated.
      "no-restricted-imports": [
        "error",
        {
          paths: [
            { name: "zod", message: "Zod stays on the server: src/lib/server/env.ts." },
            {
              name: "next-intl",
              importNames: ["useLocale"],
              message: "It is the locale of numbers. For the language, use usePageLanguage of src/i18n.",
            },
            {
              name: "zod/mini",
              message: "Import it through src/lib/forms/form-schema.ts, which forbids `eval`.",
            },
          ],
        },
      ],
      // Imports run contracts → lib → components and charts → features → app.
      "import/no-restricted-paths": [
        "error",
        {
          basePath: import.meta.dirname,
          zones: [
            ...features.map((name) => ({
              target: `./src/features/${name}`,
              from: "./src/features",
              except: [`./${name}`],
              message: "Features do not import each other: join them in src/app.",
            })),
            {
              target: ["./src/components", "./src/charts", "./src/lib", "./src/contracts"],
              from: ["./src/features", "./src/app"],
              message: "Shared code imports neither features nor pages.",
            },
            {
              target: "./src/charts",
              from: "./src/components",
              message: "Charts draw on their own: their frame belongs to the feature that shows them.",
            },
            {
              target: "./src/components",
              from: "./src/charts",
              message: "Components know no charts: a feature puts a chart into them.",
            },
            {
              target: ["./src/lib", "./src/contracts"],
              from: ["./src/components", "./src/charts"],
              message: "lib and contracts import nothing that is drawn.",
            },
            { target: "./src/contracts", from: "./src/lib", message: "Contracts are types alone." },
            { target: "./src/features", from: "./src/app", message: "Features do not import pages." },
          ],
        },
      ],
    },
  },
  {
    // Words on the screen come from src/messages. Signs, keys and the product's name are the same in every language.
    files: ["src/**/*.tsx"],
    ignores: ["src/**/*.test.tsx", "src/testing/**"],
    rules: {
      "react/jsx-no-literals": ["error", { ignoreProps: true, allowedStrings: SAME_EVERYWHERE }],
      "no-restricted-syntax": [
        "error",
        restricted(`JSXAttribute[name.name=${SHOWN_PROPERTIES}] > ${WORDS[0]}`),
        ...wordsInBraces(`JSXAttribute[name.name=${SHOWN_PROPERTIES}]`),
        ...wordsInBraces(":matches(JSXElement, JSXFragment)"),
      ],
    },
  },
  {
    files: ["src/lib/server/env.ts", "src/lib/forms/form-schema.ts", "src/i18n/page-texts-provider.tsx"],
    rules: { "no-restricted-imports": "off" },
  },
];

export default config;
