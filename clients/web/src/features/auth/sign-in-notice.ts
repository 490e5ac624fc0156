// Notices on the sign-in page. The address carries the name of a notice only, so that no link can inject a text.

const NOTICES = ["password-changed", "password-set", "ended"] as const;

export type SignInNotice = (typeof NOTICES)[number];

/** The notice called `name`; null for an unknown name. Its text is in `login.notices`. */
export function signInNotice(name: unknown): SignInNotice | null {
  return NOTICES.find((notice) => notice === name) ?? null;
}

/** The address of the sign-in page that shows `notice` and opens `next` after sign-in. */
export function signInAddress(notice?: SignInNotice, next?: string): string {
  const query = new URLSearchParams();
  if (notice) query.set("notice", notice);
  if (next) query.set("next", next);
  return query.size ? `/login?${query}` : "/login";
}
