// The list of rules as a draft: what was added and removed, also when somebody else saves meanwhile. Pure functions.
import { pageTexts } from "@/i18n/page-texts";
import type { Rule } from "@/contracts/http";

/** The part of a rule that the service takes. */
export type RuleBody = Pick<Rule, "effect" | "subject" | "place">;

export type RuleDraft = { readonly added: readonly RuleBody[]; readonly removed: readonly RuleBody[] };

export const NO_DRAFT: RuleDraft = { added: [], removed: [] };

export function keyOf({ effect, subject, place }: RuleBody): string {
  return [effect, subject, place].join("\n");
}

export function bodyOf({ effect, subject, place }: RuleBody): RuleBody {
  return { effect, subject, place };
}

/** The stored rules with the draft applied. Rules that somebody else added or removed meanwhile stay so. */
export function applied(stored: readonly RuleBody[], { added, removed }: RuleDraft): RuleBody[] {
  const gone = new Set(removed.map(keyOf));
  const kept = stored.filter((rule) => !gone.has(keyOf(rule)));
  const known = new Set(kept.map(keyOf));
  return [...kept, ...added.filter((rule) => !known.has(keyOf(rule)))].map(bodyOf);
}

export function withAdded({ added, removed }: RuleDraft, rule: RuleBody): RuleDraft {
  const key = keyOf(rule);
  if (removed.some((one) => keyOf(one) === key)) {
    return { added, removed: removed.filter((one) => keyOf(one) !== key) };
  }
  return added.some((one) => keyOf(one) === key) ? { added, removed } : { added: [...added, rule], removed };
}

export function withRemoved({ added, removed }: RuleDraft, rule: RuleBody): RuleDraft {
  const key = keyOf(rule);
  if (added.some((one) => keyOf(one) === key)) {
    return { added: added.filter((one) => keyOf(one) !== key), removed };
  }
  return { added, removed: [...removed, bodyOf(rule)] };
}

export function isEmpty({ added, removed }: RuleDraft): boolean {
  return added.length === 0 && removed.length === 0;
}

/** The place in words. */
export function placeText(place: string): string {
  const [kind, name] = split(place);
  const t = pageTexts("offline-access.places");
  return kind === "everywhere" ? t("everywhere") : t(kind as "device" | "site" | "tag", { name });
}

/** "site:Hall B" becomes ["site", "Hall B"]. */
export function split(text: string): [kind: string, name: string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
