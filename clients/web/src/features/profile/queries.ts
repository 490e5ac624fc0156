// The queries of the profile page.
import type { ApiClient } from "@/lib/api/api-client";
import type { Version } from "@/lib/forms/use-versioned-form";
import { readPreferences } from "@/lib/preference-store";
import { choicesOf, type Choices, type Details } from "./profile-schema";

export async function loadDetails(api: ApiClient): Promise<Version<Details>> {
  const { body, etag } = await api.getTagged("/api/profile");
  return { values: { name: body.name, email: body.email }, etag };
}

export async function loadChoices(api: ApiClient): Promise<Version<Choices>> {
  const { body, etag } = await readPreferences(api);
  return { values: choicesOf(body), etag };
}
