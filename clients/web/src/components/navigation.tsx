"use client";
// Links to the pages that the session may open.
import clsx from "clsx";
import { LayoutDashboard, ShieldCheck, type LucideIcon } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { Permission } from "@/contracts/generated/permissions";
import type { Can } from "@/lib/permissions";

type Entry = { href: string; label: string; icon: LucideIcon; needs: Permission };

const GROUPS: readonly { title: string; entries: readonly Entry[] }[] = [
  {
    title: "Monitor",
    entries: [{ href: "/dashboard", label: "Dashboard", icon: LayoutDashboard, needs: "telemetry.read" }],
  },
  {
    title: "Account",
    entries: [{ href: "/security", label: "Security", icon: ShieldCheck, needs: "sessions.own" }],
  },
];

export function Navigation({ can, onNavigate }: { can: Can; onNavigate: () => void }) {
  const pathname = usePathname();
  return (
    <nav aria-label="Main" className="flex-1 space-y-3 overflow-y-auto px-3">
      {GROUPS.map(({ title, entries }) => {
        const allowed = entries.filter(({ needs }) => can(needs));
        if (allowed.length === 0) return null;
        return (
          <div key={title}>
            <p className="px-2 pt-1 pb-2 text-xs text-fg-3">{title}</p>
            <ul className="space-y-0.5">
              {allowed.map((entry) => (
                <li key={entry.href}>
                  <NavigationLink {...entry} isCurrent={pathname === entry.href} onNavigate={onNavigate} />
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

function NavigationLink({
  href,
  label,
  icon: Icon,
  isCurrent,
  onNavigate,
}: Entry & { isCurrent: boolean; onNavigate: () => void }) {
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
