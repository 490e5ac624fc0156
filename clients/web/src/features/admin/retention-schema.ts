// The form of the retention panel. A field is a text, because it may be empty: then the setting of the gateway counts.
import type { Retention, RetentionDays } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { z, type FormSchema } from "@/lib/forms/form-schema";

export const LEVELS = ["raw", "1m", "1h", "log"] as const;
export type Level = (typeof LEVELS)[number];
export type RetentionValues = Record<Level, string>;

/** Whole days within the bounds of each level, or nothing. Roll-ups are kept at least as long as what they sum up. */
export function retentionSchema({ levels }: Retention): FormSchema<RetentionValues> {
  const t = () => pageTexts("admin.retention");
  const days = (level: Level) => {
    const { min_days: min, max_days: max } = levels.find((one) => one.level === level)!;
    const isFit = (text: string) => text === "" || (/^\d{1,6}$/.test(text) && +text >= min && +text <= max);
    return z.string().check(z.trim(), z.refine(isFit, { error: () => t()("wholeDays", { min, max }) }));
  };
  return z.object({ raw: days("raw"), "1m": days("1m"), "1h": days("1h"), log: days("log") });
}

export function valuesOf({ levels }: Retention): RetentionValues {
  const text = (level: Level) => {
    const days = levels.find((one) => one.level === level)?.chosen_days;
    return days == null ? "" : String(days);
  };
  return { raw: text("raw"), "1m": text("1m"), "1h": text("1h"), log: text("log") };
}

export function daysOf(values: RetentionValues): RetentionDays {
  const number = (text: string) => (text.trim() === "" ? null : Number(text));
  return {
    log_days: number(values.log),
    raw_days: number(values.raw),
    minutes_days: number(values["1m"]),
    hours_days: number(values["1h"]),
  };
}

/** Whether a level is kept longer than by the settings of the gateways. A gateway of an older release ignores that. */
export function isLonger({ levels }: Retention, values: RetentionValues): boolean {
  return levels.some(({ level, default_days: usual }) => Number(values[level]) > usual);
}
