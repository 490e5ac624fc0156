// Notices on the sign-in page. The address carries the name of a notice only, so that no link can inject a text.

const NOTICES = {
  "password-changed": "Your password is changed, and every session has ended. Sign in with the new password.",
  "password-set": "Your password is set. Sign in with it.",
  ended: "Your session has ended. Sign in again.",
} as const;

export type SignInNotice = keyof typeof NOTICES;

/** The text of the notice `name`; null for an unknown name. */
export function signInNotice(name: unknown): string | null {
  return typeof name === "string" && Object.hasOwn(NOTICES, name) ? NOTICES[name as SignInNotice] : null;
}

/** The address of the sign-in page that shows `notice` and opens `next` after sign-in. */
export function signInAddress(notice?: SignInNotice, next?: string): string {
  const query = new URLSearchParams();
  if (notice) query.set("notice", notice);
  if (next) query.set("next", next);
  return query.size ? `/login?${query}` : "/login";
}
