// What the HTTP services answer, as schemas: nothing from the network is used before it has passed one of these.
import { z } from "zod";

// Zod's generated code needs eval, which the content security policy forbids.
z.config({ jitless: true });

const micros = z.number().int();
const value = z.union([z.number(), z.boolean()]);

export const accountSchema = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
});
export type Account = z.infer<typeof accountSchema>;

export const grantSchema = z.object({
  access_token: z.string().min(1),
  expires_at: z.string(),
  account: accountSchema,
  /** The role must have a second factor and there is none: until it is set up the token opens only that. */
  second_factor_enrolment_required: z.boolean().default(false),
});
export type Grant = z.infer<typeof grantSchema>;

export const deviceSchema = z.object({
  id: z.string(),
  name: z.string(),
  online: z.boolean().nullable(),
  last_seen_at: z.string().nullable(),
  clock_offset_us: z.number().nullable(),
  clock_suspect: z.boolean(),
  series_count: z.number().int(),
  waiting: z.number().int().nullable(),
  promise: z.enum(["exactly_once", "at_least_once"]),
  cloned: z.boolean(),
});
/** One page of a list. `next`: the `after` of the following one; null or absent: this was the last. */
const page = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z
      .union([z.string(), z.number()])
      .nullish()
      .transform((next) => (next == null ? null : String(next))),
  });

export const devicesSchema = page(deviceSchema);
export type Device = z.infer<typeof deviceSchema>;

export const seriesSchema = z
  .object({
    id: z.number().int(),
    device: z.string(),
    name: z.string(),
    display_name: z.string(),
    type: z.enum(["int", "float", "bool"]),
    unit: z
      .string()
      .nullable()
      .transform((unit) => unit ?? ""),
    // Zero would mean "always"; a series that promises no rhythm has none.
    interval_us: micros
      .nonnegative()
      .nullable()
      .transform((interval) => interval || null),
    latest: z.object({ t: micros, v: value }).nullable(),
  })
  .transform((series) => ({ ...series, display_name: series.display_name || series.name }));
export const seriesListSchema = page(seriesSchema);
export type Series = z.infer<typeof seriesSchema>;

export const historySchema = z
  .object({
    series: z.number().int(),
    from: micros,
    to: micros,
    n: z.number().int(),
    sampled: z.boolean(),
    t: z.array(micros),
    v: z.array(value),
    /** The clock of the device was off while these were taken. */
    clock_suspect: z.boolean().default(false),
  })
  .refine((history) => history.t.length === history.v.length, "t and v differ in length");
export type History = z.infer<typeof historySchema>;

export const problemSchema = z.object({
  title: z.string().optional(),
  status: z.number().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  request_id: z.string().optional(),
  /** With `second_factor_required`: what the code is sent with. */
  challenge: z.string().optional(),
  /** With `password_unfit`: which rules the password breaks. */
  problems: z.array(z.string()).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** The answer without a body (204). */
export const nothingSchema = z.null();
