// @vitest-environment jsdom
import { beforeEach, expect, it, vi } from "vitest";
import type { Preferences } from "@/contracts/http";
import { LOCALE_COOKIE } from "@/i18n/locale-names";
import type { ApiClient } from "./api/api-client";
import { adoptPreferences, updatePreferences } from "./preference-store";
import { setPreferenceCookie, UNITS_COOKIE } from "./preferences";
import { THEME_COOKIE } from "./theme";

const DEFAULTS: Preferences = {
  language: null,
  theme: "system",
  time_zone: null,
  decimal_sign: "language",
  units: "declared",
  views: { users: [], devices: [] },
};
const VIEWS: Preferences["views"] = {
  users: [],
  devices: [{ name: "Late", search: "", view: "attention", sort: "-backlog", hidden: [] }],
};

/** The users service: each PUT makes a new version. */
function service(start: Preferences = DEFAULTS, version = 1) {
  let stored = { body: start, etag: `"${version}"` };
  const put = vi.fn(async (_: string, { body }: { body: Preferences }) => {
    stored = { body, etag: `"${(version += 1)}"` };
    return body;
  });
  return { api: { getTagged: async () => stored, put } as unknown as ApiClient, put };
}

const reload = vi.fn();

beforeEach(() => {
  reload.mockClear();
  sessionStorage.clear();
  for (const name of [LOCALE_COOKIE, THEME_COOKIE, UNITS_COOKIE]) setPreferenceCookie(name, null);
  document.documentElement.lang = "de";
  vi.stubGlobal("location", { protocol: "http:", reload });
});

it("keeps the language and the theme of before the sign-in when the first view is saved", async () => {
  setPreferenceCookie(LOCALE_COOKIE, "de");
  setPreferenceCookie(THEME_COOKIE, "dark");
  const { api, put } = service();
  await updatePreferences(api, () => ({ views: VIEWS }));
  expect(put.mock.calls[0]![1]).toEqual({
    body: { ...DEFAULTS, language: "de", theme: "dark", views: VIEWS },
    ifMatch: '"1"',
  });
  await adoptPreferences(api);
  expect(document.cookie).toContain(`${LOCALE_COOKIE}=de`);
  expect(document.cookie).toContain(`${THEME_COOKIE}=dark`);
  expect(reload).not.toHaveBeenCalled();
});

it("lets a change win over this browser", async () => {
  setPreferenceCookie(THEME_COOKIE, "dark");
  const { api, put } = service();
  await updatePreferences(api, () => ({ theme: "light" }));
  expect(put.mock.calls[0]![1].body).toEqual({ ...DEFAULTS, theme: "light", views: null });
});

it("ignores this browser once the account has saved preferences", async () => {
  setPreferenceCookie(LOCALE_COOKIE, "de");
  setPreferenceCookie(THEME_COOKIE, "dark");
  const { api, put } = service({ ...DEFAULTS, language: "en", theme: "light" }, 2);
  await updatePreferences(api, () => ({ views: VIEWS }));
  expect(put.mock.calls[0]![1].body).toMatchObject({ language: "en", theme: "light" });
});

it("takes neither a value that it does not know nor the region of another account from cookies", async () => {
  setPreferenceCookie(LOCALE_COOKIE, "xx");
  setPreferenceCookie(THEME_COOKIE, "pink");
  setPreferenceCookie(UNITS_COOKIE, "imperial");
  const { api, put } = service();
  await updatePreferences(api, () => ({ views: VIEWS }));
  expect(put.mock.calls[0]![1].body).toEqual({ ...DEFAULTS, views: VIEWS });
});
