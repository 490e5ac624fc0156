// The fields of a device, by the rules of the auth service.
import type { Collector } from "@/contracts/http";
import { line, z } from "@/lib/form-schema";

const TAG = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$/;
const MOST_TAGS = 20;

/** `tags`: one text, separated by commas or spaces. */
export type Description = { name: string; site: string; tags: string };

const description = {
  name: line(128, "a name"),
  site: line(128, "a site", 0),
  tags: z.string().check(
    z.trim(),
    z.refine(
      (text) => tagsIn(text).every((tag) => TAG.test(tag)),
      "A tag has at most 40 letters, digits and . _ : - and starts with a letter or a digit.",
    ),
    z.refine((text) => tagsIn(text).length <= MOST_TAGS, `Use at most ${MOST_TAGS} tags.`),
  ),
};

export const descriptionSchema = z.object(description);

export const DESCRIPTION_LABELS = { name: "Name", site: "Site", tags: "Tags" } as const;

export const collectorSchema = z.object({
  ...description,
  id: z
    .string()
    .check(
      z.trim(),
      z.regex(/^[a-z0-9-]{1,32}$/, "Use 1 to 32 lower case letters, digits and hyphens, such as press-4."),
    ),
});
export type CollectorValues = Description & { id: string };

export const plainSchema = z.object({
  ...description,
  username: z
    .string()
    .check(
      z.trim(),
      z.regex(/^[A-Za-z0-9._:-]{1,64}$/, "Use 1 to 64 letters, digits and . _ : -, such as greenhouse."),
    ),
  allow_any_client_id: z.boolean(),
});
export type PlainValues = Description & { username: string; allow_any_client_id: boolean };

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
