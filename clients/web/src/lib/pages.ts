// Lists come in pages: whoever wants all of a list follows its cursor to the end.

export type Page<Item> = { items: Item[]; next: string | null };

// Far more than any list that a page can show.
const MOST_PAGES = 1_000;

/** The items of every page. `ask` gets the address of one: `path`, with `after` from the page before it. */
export async function allPages<Item>(
  path: string,
  ask: (path: string) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let address = path;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items: more, next } = await ask(address);
    items.push(...more);
    if (next === null) break;
    address = `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(next)}`;
  }
  return items;
}
