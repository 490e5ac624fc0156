// The question in one line, below the title.
import { useTranslations } from "next-intl";
import type { Comparison } from "./question";
import type { ChosenSeries } from "./use-chosen";

const NAMED = 3;

export function useSubtitle(chosen: readonly ChosenSeries[], compare: Comparison): string {
  const t = useTranslations("explore.subtitle");
  if (chosen.length === 0) return t("empty");
  const names = chosen
    .slice(0, NAMED)
    .map(({ series }) => series.display_name)
    .join(", ");
  const more = chosen.length - NAMED;
  const what = more > 0 ? t("more", { names, count: more }) : names;
  return compare === "none" ? what : t(`compared.${compare}`, { what });
}
