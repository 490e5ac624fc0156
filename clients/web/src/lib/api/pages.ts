// Reads a whole list that a service sends page by page.

/** `next` is the `after` of the next page; null on the last page. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

// A guard against a cursor that never ends. No real list has this many pages.
const MAX_PAGES = 1_000;

/** The items of all pages. `fetchPage` gets the cursor of the page before; undefined for the first page. */
export async function allPages<Item>(
  fetchPage: (after: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { items: more, next } = await fetchPage(after);
    items.push(...more);
    if (next === null) break;
    after = next;
  }
  return items;
}
