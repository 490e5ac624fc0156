// The token of a link to set a password. It stands behind `#`, leaves the address bar at once, and is kept in memory
// only: it opens an account, so it belongs in no history, no storage and no log.

const TOKEN = /^#([A-Za-z0-9_-]{43})$/;

/** As much of `window` as is needed. */
type Page = {
  location: Pick<Location, "hash" | "pathname">;
  history: Pick<History, "state" | "replaceState">;
  addEventListener: (kind: "hashchange", heard: () => void) => void;
  removeEventListener: (kind: "hashchange", heard: () => void) => void;
};

export class LinkToken {
  private held: string | null | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly page: Page) {}

  /** Undefined until somebody listens; null for a page without a link, or with one that was spoilt on its way. */
  readonly current = (): string | null | undefined => this.held;

  /** Takes the token that there is, now and whenever another link is opened in the same tab. */
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
    const before = this.held;
    if (location.hash) {
      this.held = TOKEN.exec(location.hash)?.[1] ?? null;
      history.replaceState(history.state, "", location.pathname);
    }
    this.held ??= null;
    if (this.held !== before) for (const listener of this.listeners) listener();
  };
}

let ofThisPage: LinkToken | undefined;

/** Only to be called in the browser. */
export function pageLinkToken(): LinkToken {
  ofThisPage ??= new LinkToken(window);
  return ofThisPage;
}
