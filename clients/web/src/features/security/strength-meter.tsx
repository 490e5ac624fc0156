// The strength of a password: four bars and a text.
import { useTranslations } from "next-intl";
import clsx from "clsx";
import { passwordProblems } from "@/lib/forms/password-rules";
import type { StrengthState } from "./use-strength";

/** By score: 0 is guessed at once, 4 is strong. */
const SCORES = ["guessed", "weak", "fair", "good", "strong"] as const;
const FILLS = ["bg-crit-fill", "bg-crit-fill", "bg-warn-fill", "bg-ok-fill", "bg-ok-fill"] as const;

/** Its height does not change with its text, up to two lines. */
export function StrengthMeter({ id, state }: { id: string; state: StrengthState }) {
  const t = useTranslations("security");
  const { strength, isOutdated } = state;
  const problems = strength ? passwordProblems(strength.problems, strength) : [];
  const score = strength?.score ?? 0;
  return (
    <div className="space-y-1.5" data-testid="strength" data-score={isOutdated ? undefined : strength?.score}>
      <div className="flex gap-1" aria-hidden>
        {[1, 2, 3, 4].map((step) => (
          <span
            key={step}
            className={clsx(
              "h-1 flex-1 rounded-full transition-colors duration-150",
              strength && step <= Math.max(1, score) ? FILLS[score] : "bg-surface-3",
            )}
          />
        ))}
      </div>
      <p id={id} aria-live="polite" className="min-h-8 text-xs text-fg-2" data-testid="strength-words">
        {strength
          ? [...(problems.length ? problems : [t(`scores.${SCORES[score]!}`)])].join(" ")
          : t("aLongPasswordIsBetter")}
      </p>
    </div>
  );
}
