// The contrast of an accent colour with what is behind it. The users service checks the same (model/brand.py).

export const MIN_CONTRAST = 4.5;
export type Theme = "light" | "dark";
type Channels = readonly [number, number, number];

const SURFACE = { light: "#ffffff", dark: "#10141c" } as const;
/** Surfaces behind text, and the text on a button in the accent colour: globals.css. */
const OTHERS: Readonly<Record<Theme, readonly string[]>> = {
  light: ["#ffffff", "#f6f7f9", "#f1f3f6", "#ffffff"],
  dark: ["#10141c", "#0a0d13", "#161b25", "#0a1022"],
};
const SOFT = 0.1;

/** The least contrast of `color` (`#rrggbb`) on pages of `theme`, from 1 to 21. */
export function accentContrast(color: string, theme: Theme): number {
  const own = channelsOf(color);
  const surface = channelsOf(SURFACE[theme]);
  const soft = own.map((one, at) => SOFT * one + (1 - SOFT) * surface[at]!) as unknown as Channels;
  const others = [...OTHERS[theme].map(channelsOf), soft];
  return Math.min(...others.map((other) => contrast(luminance(own), luminance(other))));
}

function channelsOf(color: string): Channels {
  const part = (at: number) => parseInt(color.slice(at, at + 2), 16) / 255;
  return [part(1), part(3), part(5)];
}

/** WCAG 2.2, relative luminance. */
function luminance(channels: Channels): number {
  const [red, green, blue] = channels.map((one) =>
    one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4,
  ) as unknown as Channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
