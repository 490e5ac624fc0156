// Keeps the preferences of this browser and of the account the same.
import type { Preferences } from "@/contracts/http";
import { ApiError, type ApiClient, type Tagged } from "./api/api-client";
import { applyPreferences, applyRegion, browserChoices } from "./preferences";

const PATH = "/api/profile/preferences";
/** The version of an account that has never saved preferences. The language and theme of this browser count then. */
const NEVER_SAVED = '"1"';
/** Remembers what the page was loaded again for, so that blocked cookies cause no endless loop. */
const RELOADED_FOR = "pulse_reloaded_for";

const MOST_ATTEMPTS = 2;

/** The client of the signed-in account; null without one. */
let client: ApiClient | null = null;

/** Applies the account's preferences to this browser, and loads the page again when it was rendered with others. */
export async function adoptPreferences(api: ApiClient): Promise<void> {
  client = api;
  const { body, etag } = await api.getTagged(PATH);
  const isOther = etag === NEVER_SAVED ? applyRegion(body) : applyPreferences(body);
  if (!isOther) return sessionStorage.removeItem(RELOADED_FOR);
  const wanted = JSON.stringify(body);
  if (sessionStorage.getItem(RELOADED_FOR) === wanted) return;
  sessionStorage.setItem(RELOADED_FOR, wanted);
  location.reload();
}

/** The account has signed out. */
export function forgetAccount(api: ApiClient): void {
  if (client === api) client = null;
}

/**
 * The preferences of the account. The language and the theme are those of this browser until the account saves
 * preferences for the first time. Throws ApiError.
 */
export async function readPreferences(api: ApiClient): Promise<Tagged<Preferences>> {
  const { body, etag } = await api.getTagged(PATH);
  return { body: etag === NEVER_SAVED ? { ...body, ...browserChoices() } : body, etag };
}

/** Stores one changed preference with the account, if somebody is signed in. The browser has it already. */
export async function savePreference(change: Partial<Preferences>): Promise<void> {
  if (client) await updatePreferences(client, () => change);
}

/**
 * Changes the stored preferences of the account. Returns all of them. Views that it does not change stay as they are, also
 * those that only a newer release can read. Throws ApiError.
 */
export async function updatePreferences(
  api: ApiClient,
  change: (now: Preferences) => Partial<Preferences>,
): Promise<Preferences> {
  for (let attempt = 1; ; attempt += 1) {
    const { body, etag } = await readPreferences(api);
    try {
      return await api.put(PATH, { body: { ...body, views: null, ...change(body) }, ifMatch: etag });
    } catch (error) {
      // Another tab may save at the same time.
      const isOutdated = error instanceof ApiError && error.code === "precondition_failed";
      if (attempt === MOST_ATTEMPTS || !isOutdated) throw error;
    }
  }
}
