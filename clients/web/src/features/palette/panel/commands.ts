// The pages and the actions that the account may use.
import { AppWindow, Languages, LifeBuoy, LogOut, Monitor, Moon, Plus, Sun, UserPlus } from "lucide-react";
import type { createTranslator } from "next-intl";
import { chooseLanguage } from "@/components/language-menu";
import { chooseTheme } from "@/components/theme-menu";
import { LOCALES, type Locale } from "@/i18n/locale-names";
import type { Messages } from "@/messages/en";
import { PAGES } from "@/lib/site-map";
import { FIRST_KEY, LETTERS } from "../go-to";
import type { Entry, PaletteContext } from "../types";
import { mayOpen } from "./entries";

type Translate = ReturnType<typeof createTranslator<Messages>>;
type Action = Omit<Entry, "kind" | "key"> & { readonly id: string };

/** The pages, in the order of the navigation. */
export function pageEntries({ can }: Pick<PaletteContext, "can">, t: Translate): readonly Entry[] {
  return PAGES.filter(({ needs }) => can(needs)).map(({ href, name, group }) => ({
    key: `page:${href}`,
    kind: "page",
    title: t(`pages.${name}`),
    words: `${t(`pages.groups.${group}`)} ${name}`,
    icon: AppWindow,
    keys: [FIRST_KEY, LETTERS[href]],
    target: { href },
  }));
}

/** What the account may do at once. `locale`: the language of the page. */
export function actionEntries(
  { can, session, onHelp }: PaletteContext,
  t: Translate,
  locale: Locale,
): readonly Entry[] {
  const words = (name: keyof Messages["palette"]["words"]) => t(`palette.words.${name}`);
  const themes = [
    { theme: "light", icon: Sun },
    { theme: "dark", icon: Moon },
    { theme: "system", icon: Monitor },
  ] as const;
  const actions: (Action | false | undefined)[] = [
    can("accounts.manage") && {
      id: "invite-user",
      title: t("palette.actions.inviteUser"),
      words: words("inviteUser"),
      icon: UserPlus,
      target: { href: "/users?invite=1" },
    },
    can("collectors.manage") && {
      id: "add-device",
      title: t("palette.actions.addDevice"),
      words: words("addDevice"),
      icon: Plus,
      target: { href: "/devices?add=1" },
    },
    can("dashboards.own") && {
      id: "new-dashboard",
      title: t("palette.actions.newDashboard"),
      words: words("newDashboard"),
      icon: Plus,
      target: { href: "/dashboard/new" },
    },
    ...themes.map(({ theme, icon }) => ({
      id: `theme-${theme}`,
      title: t("palette.actions.theme", { theme: t(`common.theme.${theme}`) }),
      words: words("theme"),
      icon,
      target: { run: () => chooseTheme(theme) },
    })),
    ...LOCALES.filter((one) => one !== locale).map((one) => ({
      id: `language-${one}`,
      title: t("palette.actions.language", { language: t(`common.language.${one}`) }),
      words: words("language"),
      icon: Languages,
      target: { run: () => chooseLanguage(one) },
    })),
    onHelp && {
      id: "help",
      title: t("common.helpAndShortcuts"),
      words: words("help"),
      icon: LifeBuoy,
      keys: ["?"],
      target: { run: onHelp },
    },
    {
      id: "sign-out",
      title: t("common.account.signOut"),
      words: words("signOut"),
      icon: LogOut,
      target: { run: () => session.signOut() },
    },
  ];
  return actions
    .filter((action) => action !== false && action !== undefined)
    .filter(({ target }) => !("href" in target) || mayOpen(can, target.href))
    .map(({ id, ...entry }) => ({ ...entry, key: `action:${id}`, kind: "action" }));
}
