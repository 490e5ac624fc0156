// How the messages of a plain device are read, as fields that people type.
import { pageTexts } from "@/i18n/page-texts";
import type { Answer } from "@/contracts/http";
import { z } from "@/lib/forms/form-schema";

export type PlainDevice = Answer<"/api/telemetry/devices/{device}/plain", "get">;
export type PlainSettings = PlainDevice["settings"];
export type PlainPreset = Answer<"/api/telemetry/plain-presets", "get">["items"][number];
/** Lists are one text with a name on each line, since a name may contain spaces and commas. */
export type PlainSettingsValues = {
  takes_text: boolean;
  time_keys: string;
  time_zone: string;
  left_out: string;
};

/** The bounds of the service. */
const KEYS = { most: 20, length: 64 };
const LEFT_OUT = { most: 200, length: 256 };
const CONTROL = /[\u0000-\u001f\u007f]/;

const names = ({ most, length }: typeof KEYS) =>
  z.string().check(
    z.refine((text) => linesIn(text).length <= most, {
      error: () => pageTexts("devices")("mostNames", { most }),
    }),
    z.refine((text) => linesIn(text).every((name) => name.length <= length && !CONTROL.test(name)), {
      error: () => pageTexts("devices")("nameRule", { length }),
    }),
  );

export const plainSettingsSchema = z.object({
  takes_text: z.boolean(),
  time_keys: names(KEYS),
  time_zone: z
    .string()
    .check(z.trim(), z.refine(isZone, { error: () => pageTexts("devices")("unknownTimeZone") })),
  left_out: names(LEFT_OUT),
});

export function linesIn(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return [...new Set(lines.filter(Boolean))];
}

export function valuesOf(settings: PlainSettings): PlainSettingsValues {
  return {
    takes_text: settings.takes_text ?? true,
    time_keys: (settings.time_keys ?? []).join("\n"),
    time_zone: settings.time_zone ?? "UTC",
    left_out: (settings.left_out ?? []).join("\n"),
  };
}

/** The settings as the service takes them. */
export function settingsOf({ takes_text, time_keys, time_zone, left_out }: PlainSettingsValues) {
  return { takes_text, time_keys: linesIn(time_keys), time_zone, left_out: linesIn(left_out) };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone.length > 0;
  } catch {
    return false;
  }
}
