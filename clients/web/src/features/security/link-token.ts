// The token of a link that sets a password. It follows `#`, so no server logs it. It is removed from the address bar at
// once and kept in memory only, because it gives access to an account.

const TOKEN = /^#([A-Za-z0-9_-]{43})$/;

/** The part of `window` that is used here. */
type Page = {
  location: Pick<Location, "hash" | "pathname">;
  history: Pick<History, "state" | "replaceState">;
  addEventListener: (kind: "hashchange", listener: () => void) => void;
  removeEventListener: (kind: "hashchange", listener: () => void) => void;
};

export class LinkToken {
  private token: string | null | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly page: Page) {}

  /** Undefined until the first subscription; null for a page without a valid link. */
  readonly current = (): string | null | undefined => this.token;

  /** Reads the token now, and whenever another link is opened in the same tab. */
  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    this.page.addEventListener("hashchange", this.take);
    this.take();
    return () => {
      this.listeners.delete(changed);
      this.page.removeEventListener("hashchange", this.take);
    };
  };

  private readonly take = (): void => {
    const { location, history } = this.page;
    const before = this.token;
    if (location.hash) {
      this.token = TOKEN.exec(location.hash)?.[1] ?? null;
      history.replaceState(history.state, "", location.pathname);
    }
    this.token ??= null;
    if (this.token !== before) for (const listener of this.listeners) listener();
  };
}

let pageToken: LinkToken | undefined;

/** The token of this page. Call it in the browser only. */
export function pageLinkToken(): LinkToken {
  pageToken ??= new LinkToken(window);
  return pageToken;
}
