"use client";
// The newest entry's number and hash. Kept elsewhere, they prove later that nothing was removed or changed.
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
  return (
    <Panel
      title="Chain"
      meta={`${head.n.toLocaleString("en")} entries`}
      testId="panel-anchor"
      actions={<Badge tone="neutral">Not verified on this page</Badge>}
    >
      <div className="space-y-3 border-t px-4 py-3 text-ui">
        <p className="text-fg-2">
          Each entry carries a hash of the one before. Store this anchor elsewhere. On the server, this
          command recomputes the chain, and finds changed and removed entries up to the anchor.
        </p>
        <ShownOnce
          label="Command"
          text={`.venv/bin/pulse ${SERVICES[trail]} verify-audit --anchor ${head.n}:${head.hash}`}
          testId="anchor"
        />
      </div>
    </Panel>
  );
}
