// White label: the name, colour and logo of the pages.

export type Accent = { readonly light: string; readonly dark: string };

/** `product`: what people call the system. `accent` and `logo`: null means the product's own. */
export type Brand = {
  readonly product: string;
  readonly accent: Accent | null;
  readonly logo: string | null;
};

export const OWN_BRAND: Brand = { product: "PrecisionPulse", accent: null, logo: null };

const COLOR = /^#[0-9a-f]{6}$/;

/** The values of the colour variables of globals.css. */
export function accentVariables({ light, dark }: Accent): Readonly<Record<string, string>> {
  return {
    "--accent": `light-dark(${light}, ${dark})`,
    "--accent-hover":
      "light-dark(color-mix(in srgb, var(--accent) 82%, black), color-mix(in srgb, var(--accent) 82%, white))",
    "--accent-soft": "color-mix(in srgb, var(--accent) 10%, var(--surface))",
  };
}

/** The style sheet of the brand; null without a colour of its own. */
export function accentStyle({ accent }: Brand): string | null {
  if (!accent || !COLOR.test(accent.light) || !COLOR.test(accent.dark)) return null;
  const lines = Object.entries(accentVariables(accent)).map(([name, value]) => `${name}:${value}`);
  return `:root{${lines.join(";")}}`;
}
