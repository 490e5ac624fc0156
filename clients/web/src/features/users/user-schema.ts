// The fields of an account, by the rules of the users service.
import type { User } from "@/contracts/http";
import { asciiEmail, isEmail } from "@/lib/email";
import { line, z } from "@/lib/form-schema";

export type UserValues = { name: string; email: string; role: User["role"] };

export const userSchema = z.object({
  name: line(200, "a name"),
  email: z
    .string()
    .check(z.overwrite(asciiEmail), z.refine(isEmail, "Enter an email address, such as ada@example.org.")),
  role: z.enum(["admin", "user"]),
});

export const NO_USER: UserValues = { name: "", email: "", role: "user" };

export const FIELD_LABELS = { name: "Name", email: "Email", role: "Role" } as const;

export const ROLE_LABELS: Readonly<Record<User["role"], string>> = { admin: "Admin", user: "User" };

export function valuesOf({ name, email, role }: User): UserValues {
  return { name, email, role };
}

/** The ETag of an account in a list. */
export function etagOf({ version }: User): string {
  return `"${version}"`;
}
