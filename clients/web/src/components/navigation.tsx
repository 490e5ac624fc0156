"use client";
// Links to the pages that the session may open.
import clsx from "clsx";
import {
  ChartSpline,
  CircleUser,
  Cpu,
  FileClock,
  KeyRound,
  LayoutDashboard,
  Server,
  Settings,
  ShieldCheck,
  Users,
  type LucideIcon,
} from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { Can } from "@/lib/permissions";
import { PAGES, pageOf, type PageHref } from "@/lib/site-map";

const ICONS: Readonly<Record<PageHref, LucideIcon>> = {
  "/dashboard": LayoutDashboard,
  "/explore": ChartSpline,
  "/devices": Cpu,
  "/users": Users,
  "/offline-access": KeyRound,
  "/audit": FileClock,
  "/status": Server,
  "/admin": Settings,
  "/profile": CircleUser,
  "/security": ShieldCheck,
};

const GROUPS = ["Monitor", "Manage", "Account"] as const;

export function Navigation({ can, onNavigate }: { can: Can; onNavigate: () => void }) {
  const t = useTranslations("pages");
  const current = pageOf(usePathname());
  return (
    <nav
      aria-label={useTranslations("common")("mainNavigation")}
      className="flex-1 space-y-3 overflow-y-auto px-3"
    >
      {GROUPS.map((group) => {
        const allowed = PAGES.filter((page) => page.group === group && can(page.needs));
        if (allowed.length === 0) return null;
        return (
          <div key={group}>
            <p className="px-2 pt-1 pb-2 text-xs text-fg-3">{t(`groups.${group}`)}</p>
            <ul className="space-y-0.5">
              {allowed.map(({ href, name }) => (
                <li key={href}>
                  <NavigationLink
                    href={href}
                    label={t(name)}
                    icon={ICONS[href]}
                    isCurrent={current?.href === href}
                    onNavigate={onNavigate}
                  />
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

type NavigationLinkProps = {
  href: string;
  label: string;
  icon: LucideIcon;
  isCurrent: boolean;
  onNavigate: () => void;
};

function NavigationLink({ href, label, icon: Icon, isCurrent, onNavigate }: NavigationLinkProps) {
  return (
    <Link
      href={href}
      aria-current={isCurrent ? "page" : undefined}
      onClick={onNavigate}
      className={clsx(
        "relative flex h-8 items-center gap-2.5 rounded-[7px] px-2 text-ui",
        isCurrent
          ? "bg-surface-2 font-medium before:absolute before:inset-y-1.5 before:-left-3 before:w-[3px] before:rounded-r before:bg-accent"
          : "text-fg-2 hover:bg-surface-2 hover:text-fg",
      )}
    >
      <Icon className={clsx("size-4", isCurrent && "text-accent")} aria-hidden />
      {label}
    </Link>
  );
}
