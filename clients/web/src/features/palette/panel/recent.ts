// What an account chose last. This browser keeps keys only: names are looked up again, so none stays after a sign-out.

const MOST = 8;
const MOST_KEY_LENGTH = 200;
const KEY = /^(?:page|dashboard|device|series|action):\S+$/;
/** The accounts whose choices this browser keeps. */
const MOST_ACCOUNTS = 10;
const PREFIX = "pulse_recent:";

/** The keys of the latest choices, the latest first. */
export function recentKeys(accountId: string): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(PREFIX + accountId) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isKey).slice(0, MOST) : [];
  } catch {
    // Storage may be blocked, or hold anything.
    return [];
  }
}

/** Puts `key` first. A person is not kept. */
export function rememberChoice(accountId: string, key: string): void {
  if (!isKey(key)) return;
  const keys = [key, ...recentKeys(accountId).filter((one) => one !== key)].slice(0, MOST);
  try {
    forgetOthers(accountId);
    localStorage.setItem(PREFIX + accountId, JSON.stringify(keys));
  } catch {
    // Without storage, nothing is remembered.
  }
}

function isKey(candidate: unknown): candidate is string {
  return typeof candidate === "string" && candidate.length <= MOST_KEY_LENGTH && KEY.test(candidate);
}

function forgetOthers(accountId: string): void {
  const others = Object.keys(localStorage).filter(
    (name) => name.startsWith(PREFIX) && name !== PREFIX + accountId,
  );
  for (const name of others.slice(MOST_ACCOUNTS - 1)) localStorage.removeItem(name);
}
