// The rules for passwords, as texts for users.
import { pageTexts } from "@/i18n/page-texts";
import type { Strength } from "@/contracts/http";

type Lengths = Pick<Strength, "min_length" | "max_length">;

/** One sentence for each broken rule. `lengths`: the limits, where they are known. */
export function passwordProblems(problems: readonly string[], lengths?: Lengths): string[] {
  const t = pageTexts("errors.password");
  return problems.map((problem) => {
    switch (problem) {
      case "too_short":
        return lengths ? t("too_short", { least: lengths.min_length }) : t("too_short_by_some");
      case "too_long":
        return lengths ? t("too_long", { most: lengths.max_length }) : t("too_long_by_some");
      case "not_text":
      case "common":
      case "pattern":
      case "contains_context":
        return t(problem);
      default:
        return t("other");
    }
  });
}
