"use client";
// Shows the signed-in account, and signs it out.
import { CircleUser, LogOut, ShieldCheck } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuSeparator, MenuTrigger } from "@/components/menu";
import { LanguageChoices } from "@/components/language-menu";
import type { Account } from "@/contracts/http";
import { explain } from "@/lib/api/explain";
import type { Session } from "./session";

export function AccountMenu({ session, account }: { session: Session; account: Account }) {
  const t = useTranslations("common.account");
  const role = useTranslations("common.roles");
  const [problem, setProblem] = useState<string | null>(null);
  const signOut = () => {
    setProblem(null);
    session.signOut().catch((error: unknown) => {
      setProblem(explain(error));
    });
  };
  return (
    <div>
      <Menu>
        <MenuTrigger asChild>
          <button
            type="button"
            data-testid="account-menu"
            aria-label={t("label", { email: account.email })}
            className="flex w-full items-center gap-2.5 rounded-[7px] p-2 text-left hover:bg-surface-2"
          >
            <span
              aria-hidden
              className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent text-2xs font-semibold text-on-accent"
            >
              {initials(account)}
            </span>
            <span className="min-w-0">
              <span className="block truncate text-ui">{account.name || account.email}</span>
              <span className="block truncate text-2xs text-fg-3">{role(account.role)}</span>
            </span>
          </button>
        </MenuTrigger>
        <MenuContent align="start" side="top" className="w-52">
          <MenuLabel className="truncate">{account.email}</MenuLabel>
          <MenuSeparator />
          <MenuItem asChild>
            <Link href="/profile" data-testid="account-profile">
              <CircleUser className="size-4 text-fg-3" aria-hidden />
              {t("profile")}
            </Link>
          </MenuItem>
          <MenuItem asChild>
            <Link href="/security" data-testid="account-security">
              <ShieldCheck className="size-4 text-fg-3" aria-hidden />
              {t("security")}
            </Link>
          </MenuItem>
          <MenuSeparator />
          <LanguageChoices />
          <MenuSeparator />
          <MenuItem data-testid="sign-out" onSelect={signOut}>
            <LogOut className="size-4 text-fg-3" aria-hidden />
            {t("signOut")}
          </MenuItem>
        </MenuContent>
      </Menu>
      {problem && (
        <p role="alert" className="px-2 pt-1 text-xs text-crit">
          {problem}
        </p>
      )}
    </div>
  );
}

function initials({ name, email }: Account): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters =
    words.length > 1 ? words[0]!.charAt(0) + words.at(-1)!.charAt(0) : (words[0] ?? email).slice(0, 2);
  return letters.toUpperCase();
}
