// The form of the white label. An empty field means the product's own.
import type { StoredBrand } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { line, z, type FormSchema } from "@/lib/forms/form-schema";
import { accentContrast, MIN_CONTRAST, type Theme } from "./contrast";

export type BrandValues = { name: string; light: string; dark: string };

const MAX_NAME = 60;
const COLOR = /^#[0-9a-f]{6}$/i;

export const isColor = (text: string) => COLOR.test(text.trim());

/** Rounded down, so that 4.499 is not shown as 4.5. */
export const ratioOf = (color: string, theme: Theme) =>
  (Math.floor(accentContrast(color.trim(), theme) * 100) / 100).toFixed(2);

const t = () => pageTexts("admin.brand");

const color = (theme: Theme) =>
  z.string().check(
    z.trim(),
    z.superRefine((text, context) => {
      if (text === "") return;
      if (!isColor(text)) context.addIssue({ code: "custom", message: t()("notAColor") });
      else if (accentContrast(text, theme) < MIN_CONTRAST) {
        const message = t()(theme === "light" ? "tooLight" : "tooDark", { ratio: ratioOf(text, theme) });
        context.addIssue({ code: "custom", message });
      }
    }),
  );

export const brandSchema: FormSchema<BrandValues> = z
  .object({ name: line(MAX_NAME), light: color("light"), dark: color("dark") })
  .check(
    z.superRefine(({ light, dark }, context) => {
      if ((light === "") === (dark === "")) return;
      const path = [light === "" ? "light" : "dark"];
      context.addIssue({ code: "custom", message: t()("bothColors"), path });
    }),
  );

export function valuesOf({ name, accent }: StoredBrand): BrandValues {
  return { name: name ?? "", light: accent?.light ?? "", dark: accent?.dark ?? "" };
}

export function bodyOf({ name, light, dark }: BrandValues) {
  return { name: name || null, accent: light && dark ? { light, dark } : null };
}
