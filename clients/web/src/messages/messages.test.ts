// Every language has the same texts with the same arguments. TypeScript checks only that none is missing.
import { createTranslator } from "next-intl";
import { describe, expect, it } from "vitest";
import { PERMISSIONS } from "@/contracts/generated/permissions";
import { LOCALES } from "@/i18n/locale-names";
import { numberLocaleOf } from "@/lib/texts/page-locale";
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

it.each(LOCALES)("has the plural rules of every number format: %s", (language) => {
  const numbers = [...Array(1_100).keys(), 0.5, 1.5, 1e6, 1e9];
  const forms = (locale: string) => numbers.map((one) => new Intl.PluralRules(locale).select(one));
  for (const sign of ["point", "comma"])
    expect(forms(numberLocaleOf(language, sign))).toEqual(forms(language));
});

it.each([
  ["en", "point", "1,234 accounts"],
  ["en", "comma", "1.234 accounts"],
  ["de", "point", "1,234 Konten"],
  ["de", "comma", "1.234 Konten"],
  ["de", undefined, "1.234 Konten"],
] as const)("writes counts in the chosen number format: %s, %s", (language, sign, text) => {
  const locale = numberLocaleOf(language, sign);
  const t = createTranslator({ locale, messages: LANGUAGES[language], namespace: "users" });
  expect(t("accounts", { total: 1_234 })).toBe(text);
});

it("describes every permission as the services do", () => {
  expect(Object.fromEntries(flat(en.permissions))).toEqual(PERMISSIONS);
});
