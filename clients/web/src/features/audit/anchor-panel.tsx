"use client";
// The newest entry's number and hash. Kept elsewhere, they prove later that nothing was removed or changed.
import { useTranslations } from "next-intl";
import { Badge } from "@/components/badge";
import { Panel } from "@/components/panel";
import { ShownOnce } from "@/components/shown-once";
import type { AuditPage } from "@/contracts/http";
import type { Trail } from "./queries";

const SERVICES: Readonly<Record<Trail, string>> = {
  users: "users",
  auth: "auth",
  telemetry: "telemetry-gateway",
  sync: "sync-publisher",
};

export function AnchorPanel({ trail, head }: { trail: Trail; head: AuditPage["head"] }) {
  const t = useTranslations("audit");
  return (
    <Panel
      title={t("chain")}
      meta={t("entriesCount", { count: head.n })}
      testId="panel-anchor"
      actions={<Badge tone="neutral">{t("notVerifiedOnThisPage")}</Badge>}
    >
      <div className="space-y-3 border-t px-4 py-3 text-ui">
        <p className="text-fg-2">{t("eachEntryCarriesAHash")}</p>
        <ShownOnce
          label={t("command")}
          text={`.venv/bin/pulse ${SERVICES[trail]} verify-audit --anchor ${head.n}:${head.hash}`}
          testId="anchor"
        />
      </div>
    </Panel>
  );
}
