// @vitest-environment jsdom
import { expect, it } from "vitest";
import { LOCALE_COOKIE } from "@/i18n/locale-names";
import type { ApiClient } from "@/lib/api/api-client";
import { setPreferenceCookie } from "@/lib/preferences";
import { THEME_COOKIE } from "@/lib/theme";
import { loadChoices } from "./queries";

const DEFAULTS = {
  language: null,
  theme: "system",
  time_zone: null,
  decimal_sign: "language",
  units: "declared",
};
const choicesAt = async (etag: string) => {
  const api = { getTagged: async () => ({ body: DEFAULTS, etag }) } as unknown as ApiClient;
  return (await loadChoices(api)).values;
};

it("shows the language and the theme of this browser until the account has saved preferences", async () => {
  setPreferenceCookie(LOCALE_COOKIE, "de");
  setPreferenceCookie(THEME_COOKIE, "dark");
  expect(await choicesAt('"1"')).toMatchObject({ language: "de", theme: "dark" });
  expect(await choicesAt('"2"')).toMatchObject({ language: "browser", theme: "system" });
});
