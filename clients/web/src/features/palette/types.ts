// What the search finds, and what it needs from the app.
import type { LucideIcon } from "lucide-react";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";

/** In the order of the groups. */
export const KINDS = ["page", "dashboard", "device", "series", "person", "action"] as const;
export type Kind = (typeof KINDS)[number];

/** Something that the search finds. */
export type Entry = {
  /** Unique: the kind, a colon, and an id. */
  readonly key: string;
  readonly kind: Kind;
  readonly title: string;
  /** Tells entries with the same title apart. */
  readonly detail?: string;
  /** More words that find it. They are not shown. */
  readonly words?: string;
  readonly icon: LucideIcon;
  /** The keys that do the same. */
  readonly keys?: readonly string[];
  readonly target: Target;
};

/** A page, or something to do. A rejected promise is shown in the search. */
export type Target = { readonly href: string } | { readonly run: () => void | Promise<void> };

/** The session as far as the search needs it. */
export type PaletteSession = {
  readonly state: { readonly status: string };
  subscribe: (listener: () => void) => () => void;
  signOut: () => Promise<void>;
};

export type PaletteContext = {
  readonly api: ApiClient;
  readonly accountId: string;
  readonly can: Can;
  readonly session: PaletteSession;
  /** Opens the help of the page; undefined when the page has none. */
  readonly onHelp: (() => void) | undefined;
};
