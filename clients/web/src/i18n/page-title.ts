// The title of a page, in the language of the request.
import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import type { PageName } from "@/lib/site-map";

/** For a page's `generateMetadata`. */
export function pageTitle(name: PageName, more: Metadata = {}): () => Promise<Metadata> {
  return async () => ({ ...more, title: (await getTranslations("pages"))(name) });
}
