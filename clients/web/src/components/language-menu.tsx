"use client";
// The language of the pages. A cookie stores it, so the server renders the right one immediately.
import { Languages } from "lucide-react";
import { useTranslations } from "next-intl";
import { usePageLanguage } from "@/i18n/page-texts-provider";
import { isLocale, LOCALE_COOKIE, LOCALES, type Locale } from "@/i18n/locale-names";
import { savePreference } from "@/lib/preference-store";
import { setPreferenceCookie } from "@/lib/preferences";
import { Button } from "./button";
import { Menu, MenuContent, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "./menu";

export function LanguageMenu() {
  const t = useTranslations("common.language");
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button tone="ghost" size="icon" aria-label={t("label")} data-testid="language-menu">
          <Languages className="size-4" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <LanguageChoices />
      </MenuContent>
    </Menu>
  );
}

/** One item for each language, for a menu. Each language is named in itself, so that everyone finds their own. */
export function LanguageChoices() {
  const t = useTranslations("common.language");
  const locale = usePageLanguage();
  return (
    <MenuRadioGroup
      aria-label={t("label")}
      value={locale}
      onValueChange={(next) => isLocale(next) && next !== locale && void chooseLanguage(next)}
    >
      {LOCALES.map((one) => (
        <MenuRadioItem key={one} value={one} lang={one} data-testid={`language-${one}`}>
          {t(one)}
        </MenuRadioItem>
      ))}
    </MenuRadioGroup>
  );
}

/** Keeps the choice, and loads the page again: it has one language. */
export async function chooseLanguage(language: Locale): Promise<void> {
  setPreferenceCookie(LOCALE_COOKIE, language);
  // Without the network, the account keeps the language of before.
  await savePreference({ language }).catch(() => undefined);
  location.reload();
}
