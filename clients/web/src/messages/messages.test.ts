// Every language has the same texts with the same arguments. TypeScript checks only that none is missing.
import { createTranslator } from "next-intl";
import { describe, expect, it } from "vitest";
import { PERMISSIONS } from "@/contracts/generated/permissions";
import { LOCALES } from "@/i18n/locale-names";
import de from "./de";
import en from "./en";

const LANGUAGES = { en, de };

type Tree = { readonly [key: string]: string | Tree };

const flat = (tree: Tree, prefix = ""): Map<string, string> =>
  new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "string" ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  );

/** The names of a message's arguments and tags. What follows a plural category, such as `one {account}`, is text. */
const ARGUMENT = /(?<!\b(?:one|other|=\d+)\s*)\{\s*(\w+)\s*[,}]|<(\w+)>/g;
const argumentsOf = (text: string) =>
  [...new Set([...text.matchAll(ARGUMENT)].map((match) => match[1] ?? `<${match[2]}>`))].sort();

const english = flat(en);

describe.each(LOCALES.filter((locale) => locale !== "en"))("the language %s", (locale) => {
  const other = flat(LANGUAGES[locale]);

  it("has the texts of English and no others", () => {
    expect([...other.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("uses the arguments of English", () => {
    for (const [key, text] of english)
      expect({ key, names: argumentsOf(other.get(key) ?? "") }).toEqual({ key, names: argumentsOf(text) });
  });
});

it.each(LOCALES)("has no message that cannot be read: %s", (locale) => {
  const translate = createTranslator({
    locale,
    messages: LANGUAGES[locale],
    onError: (error) => {
      if (error.code === "INVALID_MESSAGE") throw error;
    },
  });
  for (const key of english.keys()) translate(key as "pages.users");
});

it("describes every permission as the services do", () => {
  expect(Object.fromEntries(flat(en.permissions))).toEqual(PERMISSIONS);
});
