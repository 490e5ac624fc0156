// What was typed into forms that are not saved yet. A form that is closed by mistake, or by an ended session, finds it
// again. `Drafts` keeps them in the memory of the page only; `TabDrafts` in the storage of the tab.

type Values = Readonly<Record<string, unknown>>;

export class Drafts {
  private owner: string | null = null;
  private readonly values = new Map<string, Values>();

  /** Drops the drafts of another account. Call it when an account is signed in. */
  belongTo(account: string): void {
    if (this.owner !== null && this.owner !== account) this.values.clear();
    this.owner = account;
  }

  /** The unsaved values of the form `name`; undefined when there are none. The form wrote them, so it knows their type. */
  get<T extends Values>(name: string): T | undefined {
    return this.values.get(name) as T | undefined;
  }

  set(name: string, values: Values): void {
    this.values.set(name, values);
  }

  delete(name: string): void {
    this.values.delete(name);
  }
}

/**
 * Drafts that survive a reload of the tab, such as changes of a dashboard. Never keep a password or a code here. The name
 * of a draft contains the account, so that nobody else in the same tab finds it.
 */
/** Every key of a tab's drafts starts with it, so that a sign-out finds all of them. */
const MARK = "pulse-draft:";

export class TabDrafts<T> {
  /** `storage`: of this tab; null where there is none. */
  constructor(
    private readonly storage: () => Storage | null,
    private readonly prefix: string,
  ) {}

  /** The draft `name`; null when there is none, or when it is not readable. */
  get(name: string): T | null {
    try {
      const kept = this.storage()?.getItem(this.keyOf(name));
      return kept ? (JSON.parse(kept) as T) : null;
    } catch {
      return null;
    }
  }

  /** Keeps a draft. Does nothing when the browser has no room or forbids it. */
  set(name: string, draft: T): void {
    try {
      this.storage()?.setItem(this.keyOf(name), JSON.stringify(draft));
    } catch {
      // The draft then ends with the page. The browser still asks before a reload.
    }
  }

  delete(name: string): void {
    try {
      this.storage()?.removeItem(this.keyOf(name));
    } catch {
      // Nothing was kept.
    }
  }

  private keyOf(name: string): string {
    return MARK + this.prefix + name;
  }
}

/** Removes all drafts of the tab: after a sign-out, another person may use it. */
export function forgetTabDrafts(storage: Storage | null): void {
  try {
    const keys = Array.from({ length: storage?.length ?? 0 }, (_, place) => storage!.key(place));
    for (const key of keys) if (key?.startsWith(MARK)) storage!.removeItem(key);
  } catch {
    // A browser that forbids the storage keeps no drafts in it.
  }
}

/** The drafts of this page. */
export const drafts = new Drafts();
