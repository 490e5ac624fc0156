// Why somebody is at the sign-in page, in words. Addresses carry a name only, so nobody can put words there.

const NOTICES = {
  "password-changed": "Your password is changed, and every session has ended. Sign in with the new one.",
  "password-set": "Your password is set. Sign in with it.",
  ended: "Your session has ended. Sign in again.",
} as const;

export type SignInNotice = keyof typeof NOTICES;

/** The sentence of `name`; null for a name that is none. */
export function signInNotice(name: unknown): string | null {
  return typeof name === "string" && Object.hasOwn(NOTICES, name) ? NOTICES[name as SignInNotice] : null;
}

/** The sign-in page that says so, and leads to `next` afterwards. */
export function signInAddress(notice?: SignInNotice, next?: string): string {
  const query = new URLSearchParams();
  if (notice) query.set("notice", notice);
  if (next) query.set("next", next);
  return query.size ? `/login?${query}` : "/login";
}
