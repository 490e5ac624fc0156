// What auth and users answer about sign-in: passwords, second factor, sessions, API keys.
import { z } from "zod";

export const strengthSchema = z.object({
  /** 0, guessed at once, to 4. */
  score: z.number().int().min(0).max(4),
  fit: z.boolean(),
  problems: z.array(z.string()),
  min_length: z.number().int(),
  max_length: z.number().int(),
});
export type Strength = z.infer<typeof strengthSchema>;

export const linkOwnerSchema = z.object({ email: z.string(), name: z.string() });

export const secondFactorSchema = z.object({
  is_enabled: z.boolean(),
  enabled_at: z.string().nullable(),
  recovery_codes_left: z.number().int(),
  is_mandatory: z.boolean(),
});
export type SecondFactor = z.infer<typeof secondFactorSchema>;

export const enrolmentSchema = z.object({
  secret: z.string().min(1),
  uri: z.string().startsWith("otpauth://"),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

export const recoveryCodesSchema = z.object({ recovery_codes: z.array(z.string()).min(1) });

export const sessionsSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      device: z.string(),
      address: z.string().nullable(),
      created_at: z.string(),
      last_used_at: z.string(),
      ends_at: z.string(),
      is_current: z.boolean(),
    }),
  ),
});
export type RunningSession = z.infer<typeof sessionsSchema>["items"][number];

export const endedSchema = z.object({ ended: z.number().int() });

const apiKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string(),
  last_used_at: z.string().nullable(),
});
export const apiKeysSchema = z.object({ items: z.array(apiKeySchema) });
export const newApiKeySchema = apiKeySchema.extend({ key: z.string().min(1) });
export type ApiKey = z.infer<typeof apiKeySchema>;
export type NewApiKey = z.infer<typeof newApiKeySchema>;
