// The rules for passwords, as texts for users.
import type { Strength } from "@/contracts/http";

type Lengths = Pick<Strength, "min_length" | "max_length">;

/** One sentence for each broken rule. `lengths`: the limits, where they are known. */
export function passwordProblems(problems: readonly string[], lengths?: Lengths): string[] {
  return problems.map((problem) => {
    switch (problem) {
      case "too_short":
        return `Too short: use ${lengths ? `at least ${lengths.min_length} characters` : "more characters"}.`;
      case "too_long":
        return `Too long: use ${lengths ? `at most ${lengths.max_length} characters` : "fewer characters"}.`;
      case "not_text":
        return "It contains characters that are not text.";
      case "common":
        return "Too common: it is close to one of the most used passwords or words.";
      case "pattern":
        return "Too easy: it is close to a sequence, neighbouring keys or a repetition.";
      case "contains_context":
        return "Too close to your name, your email or the name of this product.";
      default:
        return "It breaks a rule of this installation.";
    }
  });
}
