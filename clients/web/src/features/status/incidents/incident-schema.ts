// The form of an incident. Times are texts of `datetime-local` fields, in the time zone of the page.
import type { Incident, IncidentBody } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { line, z, type FormSchema } from "@/lib/forms/form-schema";
import { pageTimeZone } from "@/lib/texts/page-locale";
import { browserZone, fromInputValue, toInputValue } from "@/lib/texts/time-zone";

export const SERVICES = [
  "telemetry-gateway",
  "users",
  "auth",
  "sync-publisher",
  "broker",
  "database",
] as const satisfies IncidentBody["services"];

export type IncidentValues = {
  title: string;
  text: string;
  started: string;
  /** Empty while it lasts. */
  ended: string;
  services: string[];
};

/** The bounds of the service. */
export const MOST = { title: 120, text: 2_000 };
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const texts = () => pageTexts("status.incident");

export const formZone = () => pageTimeZone() ?? browserZone();

/** The times that an incident has in the service. */
export type StoredTimes = Pick<Incident, "started_at" | "ended_at">;

/** The service takes the years 1970 to 2254. */
const isTime = (text: string) => {
  const us = fromInputValue(text, formZone());
  return us !== null && us >= 0 && us < Date.UTC(2255, 0) * 1_000;
};

/** `stored`: null for a new incident. */
export function incidentSchemaOf(stored: StoredTimes | null): FormSchema<IncidentValues> {
  return z
    .object({
      title: line(MOST.title, () => texts()("titleMissing")),
      text: z.string().check(
        z.trim(),
        z.maxLength(MOST.text, { error: () => texts()("textTooLong", { most: MOST.text }) }),
        z.refine((text) => !CONTROL.test(text), { error: () => texts()("textControl") }),
      ),
      started: z.string().check(z.refine(isTime, { error: () => texts()("timeInvalid") })),
      ended: z
        .string()
        .check(z.refine((text) => text === "" || isTime(text), { error: () => texts()("timeInvalid") })),
      services: z.array(z.string()),
    })
    .check(
      z.refine(
        ({ started, ended }) =>
          !(isTime(started) && isTime(ended)) ||
          microsOf(ended, stored?.ended_at) >= microsOf(started, stored?.started_at),
        {
          error: () => texts()("endsBeforeStart"),
          path: ["ended"],
        },
      ),
    );
}

/** A new incident begins now. */
export function newValues(nowMs: number): IncidentValues {
  const minute = Math.floor(nowMs / 60_000) * 60_000_000;
  return { title: "", text: "", started: toInputValue(minute, formZone()), ended: "", services: [] };
}

export function valuesOf({ title, text, started_at, ended_at, services }: Incident): IncidentValues {
  return {
    title,
    text,
    started: fieldText(started_at),
    ended: ended_at === null ? "" : fieldText(ended_at),
    services: SERVICES.filter((one) => services.includes(one)),
  };
}

/** `stored`: null for a new incident. A time that nobody has changed in the form stays exactly as it is stored. */
export function bodyOf(
  { title, text, started, ended, services }: IncidentValues,
  stored: StoredTimes | null,
): IncidentBody {
  return {
    title,
    text,
    services: SERVICES.filter((one) => services.includes(one)),
    started_at: timeOf(started, stored?.started_at),
    ended_at: ended === "" ? null : timeOf(ended, stored?.ended_at),
  };
}

/**
 * The instant of a field in µs since the Unix epoch; 0 when its text is not a time. `stored`: the time that the field
 * started with.
 */
export function microsOf(text: string, stored: string | null | undefined): number {
  if (stored != null && text === fieldText(stored)) return Date.parse(stored) * 1_000;
  return fromInputValue(text, formZone()) ?? 0;
}

/** A field has neither an offset, which a repeated hour needs, nor parts of a second. */
function timeOf(text: string, stored: string | null | undefined): string {
  if (stored != null && text === fieldText(stored)) return stored;
  return new Date(microsOf(text, undefined) / 1_000).toISOString();
}

function fieldText(time: string): string {
  return toInputValue(Date.parse(time) * 1_000, formZone());
}
