// The fields of an account, by the rules of the users service.
import type { User } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { asciiEmail, isEmail } from "@/lib/forms/email";
import { line, z } from "@/lib/forms/form-schema";
import { ROLES } from "./roles";

export type UserValues = { name: string; email: string; role: User["role"] };

export const userSchema = z.object({
  name: line(200, () => pageTexts("users")("enterAName")),
  email: z
    .string()
    .check(z.overwrite(asciiEmail), z.refine(isEmail, { error: () => pageTexts("users")("enterAnEmail") })),
  role: z.enum(ROLES),
});

export const NO_USER: UserValues = { name: "", email: "", role: "user" };

export function valuesOf({ name, email, role }: User): UserValues {
  return { name, email, role };
}

/** The ETag of an account in a list. */
export function etagOf({ version }: User): string {
  return `"${version}"`;
}
