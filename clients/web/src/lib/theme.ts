// The themes, and the cookie that stores the user's choice.

export const THEME_COOKIE = "pulse_theme";

export type Theme = "light" | "dark" | "system";

export function isTheme(candidate: string | undefined): candidate is Theme {
  return candidate === "light" || candidate === "dark" || candidate === "system";
}
