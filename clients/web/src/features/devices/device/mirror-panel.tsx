"use client";
// How far the collector's copy of the accounts is.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/texts/page-locale";
import { Badge } from "@/components/badge";
import { When } from "@/components/when";
import type { Mirror } from "@/contracts/http";
import { mirrorState } from "../fleet-device";

export function MirrorPanel({ mirror }: { mirror: Mirror }) {
  const t = useTranslations("devices");
  const { tone, label } = mirrorState(mirror);
  return (
    <section aria-label={t("offlineAccess")} className="rounded-[10px] border bg-surface">
      <div className="flex flex-wrap items-center justify-between gap-2 px-4 py-3">
        <h2 className="text-ui font-semibold">{t("offlineAccess")}</h2>
        <Badge tone={tone}>{label}</Badge>
      </div>
      <dl className="divide-y border-t text-ui">
        <Row label={t("accountsThatCanSignIn")}>{mirror.held.toLocaleString(numberLocale())}</Row>
        <Row label={t("changesNotAcknowledged")}>
          {mirror.behind.toLocaleString(numberLocale())}
          {mirror.since && (
            <>
              {", "}
              {t.rich("oldestSince", { when: () => <When at={mirror.since!} /> })}
            </>
          )}
        </Row>
        <Row label={t("lastReport")}>{mirror.seen ? <When at={mirror.seen} /> : t("neverReported")}</Row>
        <Row label={t("digestsCompared")}>
          {mirror.checked ? <When at={mirror.checked} /> : t("neverReported")}
        </Row>
      </dl>
    </section>
  );
}

function Row({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
      <dt className="text-fg-2">{label}</dt>
      <dd className="tabular-nums">{children}</dd>
    </div>
  );
}
