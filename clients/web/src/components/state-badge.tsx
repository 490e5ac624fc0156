// The freshness of a value as a badge. It is green only for a current value.
import { useTranslations } from "next-intl";
import { Badge } from "@/components/badge";
import { formatAge, formatDuration } from "@/lib/texts/format";
import type { Freshness } from "@/lib/readings/staleness";

/** `ageUs`: the age of the latest reading, negative when its time is in the future. */
export function StateBadge({ freshness, ageUs }: { freshness: Freshness; ageUs: number }) {
  const t = useTranslations("common.freshness");
  switch (freshness) {
    case "none":
      return <Badge tone="neutral">{t("none")}</Badge>;
    case "current":
      return <Badge tone="ok">{t("current")}</Badge>;
    case "stale":
      return <Badge tone="warn">{t("stale", { duration: formatDuration(ageUs) })}</Badge>;
    case "unknown":
      return (
        <Badge tone="neutral" title={t("unknown")}>
          {formatAge(ageUs)}
        </Badge>
      );
    case "ahead":
      return (
        <Badge tone="warn" title={t("aheadWhy")}>
          {t("ahead", { duration: formatDuration(-ageUs) })}
        </Badge>
      );
  }
}
