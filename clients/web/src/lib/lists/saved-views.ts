// Saved views of lists: a name for a search, filters, an order and hidden columns. The account has them.
import { queryOptions } from "@tanstack/react-query";
import type { Preferences } from "@/contracts/http";
import type { ApiClient } from "../api/api-client";
import { updatePreferences } from "../preference-store";

export type SavedViews = Preferences["views"];
/** A page that has saved views. */
export type ViewPage = keyof SavedViews;
export type SavedView<P extends ViewPage> = SavedViews[P][number];
/** What a page shows: a view without a name. */
export type Shown<P extends ViewPage> = Omit<SavedView<P>, "name">;

/** The limits of the users service: views of a page, and characters of a name. */
export const MOST_VIEWS = 20;
export const LONGEST_NAME = 60;

export const savedViewsQuery = (api: ApiClient) =>
  queryOptions({
    queryKey: ["saved-views"],
    queryFn: async ({ signal }) => (await api.get("/api/profile/preferences", { signal })).views,
  });

/** Stores changed views of a page with the account. Returns all views. Throws ApiError. */
export async function changeViews<P extends ViewPage>(
  api: ApiClient,
  page: P,
  change: (views: readonly SavedView<P>[]) => readonly SavedView<P>[],
): Promise<SavedViews> {
  const made = await updatePreferences(api, ({ views }) => ({
    views: { ...views, [page]: change(views[page]) },
  }));
  return made.views;
}

/** The views with `view`. It replaces the one with its name. */
export function withView<View extends { readonly name: string }>(views: readonly View[], view: View): View[] {
  const others = views.filter(({ name }) => name !== view.name);
  return [...others, view].sort((a, b) => a.name.localeCompare(b.name));
}

export function withoutView<View extends { readonly name: string }>(
  views: readonly View[],
  name: string,
): View[] {
  return views.filter((view) => view.name !== name);
}

/** Whether the page shows what the view does. The order of the hidden columns does not count. */
export function showsView<P extends ViewPage>(shown: Shown<P>, view: SavedView<P>): boolean {
  const plain = (one: object) =>
    JSON.stringify(
      Object.entries(one)
        .map(([key, value]) => [key, Array.isArray(value) ? [...value].sort() : value])
        .sort(([a], [b]) => String(a).localeCompare(String(b))),
    );
  return plain({ ...shown, name: view.name }) === plain(view);
}
