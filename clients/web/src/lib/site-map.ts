// The pages that need a sign-in, with the permission that each one needs. Navigation, page guards and proxy use it.
import type { Permission } from "@/contracts/generated/permissions";
import type { Messages } from "@/messages/en";

/** Also of the pages that need no sign-in. */
export type PageName = Exclude<keyof Messages["pages"], "groups" | "description">;

export type PageEntry = {
  readonly href: string;
  /** The name of its title in the texts (namespace `pages`). */
  readonly name: PageName;
  readonly group: "Monitor" | "Manage" | "Account";
  readonly needs: Permission;
  /** True when addresses one level below belong to the page, such as one for each of its items. */
  readonly hasItems?: true;
};

/** In the order of the navigation. */
export const PAGES = [
  { href: "/dashboard", name: "dashboard", group: "Monitor", needs: "telemetry.read", hasItems: true },
  { href: "/explore", name: "explore", group: "Monitor", needs: "telemetry.read" },
  { href: "/devices", name: "devices", group: "Monitor", needs: "telemetry.read", hasItems: true },
  { href: "/users", name: "users", group: "Manage", needs: "accounts.read", hasItems: true },
  { href: "/offline-access", name: "offline-access", group: "Manage", needs: "mirror.read" },
  { href: "/audit", name: "audit", group: "Manage", needs: "audit.read" },
  { href: "/status", name: "status", group: "Manage", needs: "profile.own", hasItems: true },
  { href: "/admin", name: "admin", group: "Manage", needs: "system.manage" },
  { href: "/profile", name: "profile", group: "Account", needs: "profile.own" },
  { href: "/security", name: "security", group: "Account", needs: "sessions.own" },
] as const satisfies readonly PageEntry[];

export type PageHref = (typeof PAGES)[number]["href"];

/** The page at `href`. */
export function pageAt(href: PageHref): PageEntry {
  return PAGES.find((page) => page.href === href)!;
}

/** The page that `pathname` belongs to: `/devices/press-4` belongs to `/devices`. Null for an address without a sign-in. */
export function pageOf(pathname: string): PageEntry | null {
  const [first, item, ...more] = pathname.split("/").filter(Boolean);
  const page: PageEntry | undefined = PAGES.find(({ href }) => href === `/${first}`);
  if (!page || more.length > 0 || (item !== undefined && !page.hasItems)) return null;
  return page;
}
