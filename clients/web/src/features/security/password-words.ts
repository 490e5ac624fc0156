// What is the matter with a password, in words.
import type { Strength } from "@/contracts/http";
import { ApiError } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";

export const SCORE_WORDS = ["Guessed at once", "Weak", "Fair", "Good", "Strong"] as const;

type Lengths = Pick<Strength, "min_length" | "max_length">;

/** One sentence for each rule that is broken; `lengths` where they are known. */
export function passwordProblems(problems: readonly string[], lengths?: Lengths): string[] {
  return problems.map((problem) => {
    switch (problem) {
      case "too_short":
        return `Too short: use ${lengths ? `at least ${lengths.min_length} characters` : "more characters"}.`;
      case "too_long":
        return `Too long: use ${lengths ? `at most ${lengths.max_length} characters` : "fewer characters"}.`;
      case "not_text":
        return "It holds characters that are not text.";
      case "common":
        return "Too common: it is little more than one of the most used passwords or words.";
      case "pattern":
        return "Too easy: it is little more than a sequence, neighbouring keys or a repetition.";
      case "contains_context":
        return "Little more than your name, your email or the name of this product.";
      default:
        return "It does not fit the rules of this installation.";
    }
  });
}

/** The refusal of a new password as a sentence. */
export function explainPassword(error: unknown): string {
  if (error instanceof ApiError && error.code === "password_unfit" && error.problem.problems?.length) {
    return passwordProblems(error.problem.problems).join(" ");
  }
  return explain(error, {
    invalid_request: "This password cannot be taken: it is too long or holds odd characters.",
  });
}
