// What was typed into forms that are not saved yet. A form that is closed by mistake, or by an ended session, finds it
// again. Kept in the memory of the page only.

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

/** The drafts of this page. */
export const drafts = new Drafts();
