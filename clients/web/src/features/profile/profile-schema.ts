// The fields of the profile page.
import type { Preferences } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { asciiEmail, isEmail } from "@/lib/forms/email";
import { line, z } from "@/lib/forms/form-schema";
import type { PagePreferences } from "@/lib/preferences";

export type Details = { name: string; email: string };

export const detailsSchema = z.object({
  name: line(200, () => pageTexts("profile")("enterAName")),
  email: z
    .string()
    .check(z.overwrite(asciiEmail), z.refine(isEmail, { error: () => pageTexts("profile")("enterAnEmail") })),
});

/** In selection lists, "browser" stands for null. */
const BROWSER = "browser";

export const LANGUAGES = [BROWSER, "en", "de"] as const;
export const THEMES = ["system", "light", "dark"] as const;
export const UNIT_SYSTEMS = ["declared", "metric", "imperial"] as const;
export const DECIMAL_SIGNS = ["language", "point", "comma"] as const;

export type Choices = {
  language: (typeof LANGUAGES)[number];
  theme: Preferences["theme"];
  time_zone: string;
  decimal_sign: Preferences["decimal_sign"];
  units: Preferences["units"];
};

export const choicesSchema = z.object({
  language: z.enum(LANGUAGES),
  theme: z.enum(THEMES),
  time_zone: z.string(),
  decimal_sign: z.enum(DECIMAL_SIGNS),
  units: z.enum(UNIT_SYSTEMS),
});

export function choicesOf({ language, time_zone, theme, decimal_sign, units }: Preferences): Choices {
  return { theme, decimal_sign, units, language: language ?? BROWSER, time_zone: time_zone ?? BROWSER };
}

/** Without the saved views: the service keeps them. */
export function preferencesOf({ language, time_zone, ...rest }: Choices): PagePreferences {
  return {
    ...rest,
    language: language === BROWSER ? null : language,
    time_zone: time_zone === BROWSER ? null : time_zone,
  };
}

/** The names of the time zones: the browser's and UTC first. */
export function timeZones(): string[] {
  return [BROWSER, "UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
}
