// The dashboard that an account opened last in this browser.

const PREFIX = "pulse-dashboard:";

/** The id of the dashboard; null: the device overview. */
export function rememberedBoard(account: string): string | null {
  try {
    return localStorage.getItem(PREFIX + account);
  } catch {
    return null;
  }
}

export function rememberBoard(account: string, id: string | null): void {
  try {
    if (id === null) localStorage.removeItem(PREFIX + account);
    else localStorage.setItem(PREFIX + account, id);
  } catch {
    // A browser may forbid it. The next visit then starts with the device overview.
  }
}
