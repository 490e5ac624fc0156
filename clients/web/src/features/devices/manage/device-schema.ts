// The fields of a device, by the rules of the auth service.
import { pageTexts } from "@/i18n/page-texts";
import type { Collector } from "@/contracts/http";
import { line, z } from "@/lib/forms/form-schema";
import { MOST_SITE_CHARACTERS, MOST_TAGS, TAG } from "./device-limits";

/** `tags`: one text, separated by commas or spaces. */
export type Description = { name: string; site: string; tags: string };

const site = line(MOST_SITE_CHARACTERS);

const description = {
  name: line(128, () => pageTexts("devices")("enterAName")),
  site,
  tags: z.string().check(
    z.trim(),
    z.refine((text) => tagsIn(text).every((tag) => TAG.test(tag)), {
      error: () => pageTexts("devices")("tagRule"),
    }),
    z.refine((text) => tagsIn(text).length <= MOST_TAGS, {
      error: () => pageTexts("devices")("mostTags", { most: MOST_TAGS }),
    }),
  ),
};

export const descriptionSchema = z.object(description);

export const collectorSchema = z.object({
  ...description,
  id: z
    .string()
    .check(z.trim(), z.regex(/^[a-z0-9-]{1,32}$/, { error: () => pageTexts("devices")("idRule") })),
});
export type CollectorValues = Description & { id: string };

export const plainSchema = z.object({
  ...description,
  username: z
    .string()
    .check(
      z.trim(),
      z.regex(/^[A-Za-z0-9._:-]{1,64}$/, { error: () => pageTexts("devices")("usernameRule") }),
    ),
  allow_any_client_id: z.boolean(),
});
export type PlainValues = Description & { username: string; allow_any_client_id: boolean };

/** What is wrong with one tag, or null. */
export function tagProblem(tag: string): string | null {
  return TAG.test(tag) ? null : pageTexts("devices")("tagRule");
}

/** What is wrong with a site that must be named, or null. */
export function siteProblem(text: string): string | null {
  if (text.trim() === "") return pageTexts("devices")("enterASite");
  return site.safeParse(text).error?.issues[0]?.message ?? null;
}

export function tagsIn(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
}

export function descriptionOf({ name, site, tags }: Collector): Description {
  return { name, site, tags: tags.join(", ") };
}

/** The description as the service takes it. */
export function bodyOf({ name, site, tags }: Description) {
  return { name, site, tags: tagsIn(tags) };
}
