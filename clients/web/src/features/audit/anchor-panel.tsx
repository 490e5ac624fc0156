"use client";
// Verifies the chain, and shows the newest entry's number and hash. Kept elsewhere, they prove later that nothing was
// removed or changed.
import { useTranslations } from "next-intl";
import { useEffect, useRef, useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { Panel } from "@/components/panel";
import { ShownOnce } from "@/components/shown-once";
import type { AuditPage, AuditVerification } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { timeFormat } from "@/lib/texts/format-time";
import { verifyTrail, type Trail } from "./queries";

const SERVICES: Readonly<Record<Trail, string>> = {
  users: "users",
  auth: "auth",
  telemetry: "telemetry-gateway",
  sync: "sync-publisher",
};

type AnchorPanelProps = { api: ApiClient; trail: Trail; head: AuditPage["head"] };

export function AnchorPanel({ api, trail, head }: AnchorPanelProps) {
  const t = useTranslations("audit");
  const states = useTranslations("audit.chainStates");
  const [part, setPart] = useState<AuditVerification | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const verify = async () => {
    const controller = new AbortController();
    running.current = controller;
    setBusy(true);
    setProblem(null);
    setPart(null);
    try {
      await verifyTrail(api, trail, controller.signal, setPart);
    } catch (error) {
      if (controller.signal.aborted) return;
      setProblem(explain(error));
    }
    setBusy(false);
  };

  return (
    <Panel
      title={t("chain")}
      meta={t("entriesCount", { count: head.n })}
      testId="panel-anchor"
      actions={
        <>
          <ChainBadge part={part} />
          <Button onClick={() => void verify()} disabled={isBusy} data-testid="verify-chain">
            {isBusy ? states("verifying") : states("verify")}
          </Button>
        </>
      }
    >
      <div className="space-y-3 border-t px-4 py-3 text-ui">
        <FormProblem testId="chain-problem">
          {problem ?? (part?.broken != null && states("brokenAt", { n: part.broken }))}
        </FormProblem>
        {part && !part.is_complete && part.broken === null && (
          <p role="status" className="text-fg-2 tabular-nums">
            {states("verifiedSoFar", { n: part.verified.n, total: part.head.n })}
          </p>
        )}
        <FormNotice testId="chain-verified">
          {part?.is_complete &&
            states("verified", { n: part.verified.n, time: timeFormat("minute").format(new Date(part.at)) })}
        </FormNotice>
        {part?.is_complete && head.n > part.verified.n && <p className="text-fg-2">{states("sinceThen")}</p>}
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

function ChainBadge({ part }: { part: AuditVerification | null }) {
  const t = useTranslations("audit.chainStates");
  if (part?.fault != null) return <Badge tone="crit">{t("broken")}</Badge>;
  if (part?.is_complete) return <Badge tone="ok">{t("intact")}</Badge>;
  return <Badge tone="neutral">{t("notVerified")}</Badge>;
}
