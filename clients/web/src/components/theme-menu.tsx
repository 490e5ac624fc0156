"use client";
// The theme: light, dark or the system's. A cookie stores it, so the server renders the right theme immediately.
import { Monitor, Moon, Sun } from "lucide-react";
import { useTranslations } from "next-intl";
import { useSyncExternalStore } from "react";
import { savePreference } from "@/lib/preference-store";
import { setPreferenceCookie } from "@/lib/preferences";
import { isTheme, THEME_COOKIE, type Theme } from "@/lib/theme";
import { Button } from "./button";
import { Menu, MenuContent, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "./menu";

const CHOICES = [
  { theme: "light", icon: Sun },
  { theme: "dark", icon: Moon },
  { theme: "system", icon: Monitor },
] as const;

function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return isTheme(theme) ? theme : "system";
}

/** Shows the page in `theme`, and keeps the choice. */
export function chooseTheme(theme: Theme): void {
  setPreferenceCookie(THEME_COOKIE, theme);
  document.documentElement.dataset.theme = theme;
  // The page looks right already. Without the network, the account keeps the theme of before.
  savePreference({ theme }).catch(() => undefined);
}

export function ThemeMenu() {
  const t = useTranslations("common.theme");
  const theme = useSyncExternalStore(watchTheme, currentTheme, () => "system" as const);
  const Icon = CHOICES.find((choice) => choice.theme === theme)?.icon ?? Monitor;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button tone="ghost" size="icon" aria-label={t("label")} data-testid="theme-menu">
          <Icon className="size-4" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuRadioGroup value={theme} onValueChange={(next) => isTheme(next) && chooseTheme(next)}>
          {CHOICES.map(({ theme: value, icon: ChoiceIcon }) => (
            <MenuRadioItem key={value} value={value} data-testid={`theme-${value}`}>
              <ChoiceIcon className="size-4 text-fg-3" aria-hidden />
              {t(value)}
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
