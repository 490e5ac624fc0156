// Schemas of forms. The small build of Zod, without code generation: the content security policy forbids `eval`.
import type { FieldErrors, FieldValues, Resolver } from "react-hook-form";
import { pageTexts } from "@/i18n/page-texts";
import * as z from "zod/mini";

z.config({ jitless: true });

export { z };

export type FormSchema<T> = z.ZodMiniType<T, T>;

/** Checks a form of React Hook Form against `schema`. A field shows its first problem only. */
export function resolverOf<T extends FieldValues>(schema: FormSchema<T>): Resolver<T> {
  return (values) => {
    const parsed = schema.safeParse(values);
    if (parsed.success) return { values: parsed.data, errors: {} };
    const errors: Record<string, { type: string; message: string }> = {};
    for (const { path, message, code } of parsed.error.issues) {
      const field = String(path[0] ?? "root");
      errors[field] ??= { type: code ?? "custom", message };
    }
    return { values: {}, errors: errors as FieldErrors<T> };
  };
}

const fieldTexts = () => pageTexts("errors.fields");

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** A text on one line. White space around it is removed. `missing`: what a field without a text says. */
export function line(most: number, missing?: () => string) {
  return z.string().check(
    z.trim(),
    z.minLength(missing ? 1 : 0, { error: missing }),
    z.maxLength(most, { error: () => fieldTexts()("tooLong", { most }) }),
    z.refine((text) => !CONTROL.test(text), { error: () => fieldTexts()("control") }),
  );
}
