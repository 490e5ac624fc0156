"use client";
// One collector: its copy of the accounts, its leases, what it has not acknowledged, and how to repair it.
import type { UseQueryResult } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Badge, type Tone } from "@/components/badge";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import { When } from "@/components/when";
import type { Mirror, MirrorDetail, MirroredAccount } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { cellState, pendingOf } from "./cells";
import { leaseText } from "./lease-text";

export const MIRROR_STATES: Readonly<Record<Mirror["state"], { tone: Tone; label: string }>> = {
  in_sync: { tone: "ok", label: "Up to date" },
  behind: { tone: "warn", label: "Behind" },
  never: { tone: "info", label: "Never synchronised" },
  rolled_back: { tone: "crit", label: "Rolled back" },
  wiped: { tone: "neutral", label: "Wiped" },
  unmanaged: { tone: "neutral", label: "Not managed" },
};

type Order = "resync" | "rekey" | "wipe";

type CollectorPanelProps = {
  api: ApiClient;
  can: Can;
  device: string;
  query: UseQueryResult<MirrorDetail>;
};

export function CollectorPanel({ api, can, device, query }: CollectorPanelProps) {
  const [order, setOrder] = useState<Order | null>(null);
  const mirror = query.data;
  const state = mirror && MIRROR_STATES[mirror.state];
  const canRepair =
    can("mirror.manage") && mirror && mirror.state !== "unmanaged" && mirror.state !== "wiped";
  return (
    <Panel
      title={mirror?.name || device}
      testId="panel-collector"
      actions={state && <Badge tone={state.tone}>{state.label}</Badge>}
    >
      <PanelContent query={query} skeletonHeight="14rem">
        {(found) => <Detail mirror={found} />}
      </PanelContent>
      {canRepair && (
        <div className="flex flex-wrap gap-2 border-t p-3">
          <Button onClick={() => setOrder("resync")} data-testid="resync">
            Resync
          </Button>
          <Button onClick={() => setOrder("rekey")} data-testid="rekey">
            Rekey
          </Button>
          <Button tone="danger" className="ml-auto" onClick={() => setOrder("wipe")} data-testid="wipe">
            Wipe…
          </Button>
        </div>
      )}
      {order && mirror && (
        <OrderDialog
          api={api}
          mirror={mirror}
          order={order}
          onDone={() => void query.refetch()}
          onClose={() => setOrder(null)}
        />
      )}
    </Panel>
  );
}

function Detail({ mirror }: { mirror: MirrorDetail }) {
  const pending = pendingOf(mirror);
  const ends = pending.filter((entry) => cellState(entry) === "end-unconfirmed");
  return (
    <>
      <dl className="divide-y border-t text-ui">
        <Row label="State since">
          <When at={mirror.state_since} />
        </Row>
        <Row label="Last report">{mirror.seen ? <When at={mirror.seen} /> : "never"}</Row>
        <Row label="Digests compared">{mirror.checked ? <When at={mirror.checked} /> : "never"}</Row>
        <Row label="Holds">
          {mirror.held.toLocaleString("en")} {mirror.held === 1 ? "account" : "accounts"}
        </Row>
        <Row label="Lease left, users">{leaseText(mirror.lease_left.user_s)}</Row>
        <Row label="Lease left, administrators">{leaseText(mirror.lease_left.admin_s)}</Row>
        {mirror.is_rekeying && <Row label="New key">waits for the collector</Row>}
      </dl>
      {ends.length > 0 && (
        <p
          role="status"
          className="m-3 flex gap-2 rounded-[7px] bg-crit-soft px-3 py-2.5 text-ui text-crit wrap-anywhere"
        >
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          <span>
            {ends.map(nameOf).join(", ")} can still sign in there until the collector has been reached, or its
            lease ends.
          </span>
        </p>
      )}
      <h3 className="border-t px-4 pt-3 pb-2 text-ui font-semibold">
        Changes waiting <span className="font-normal text-fg-2">{mirror.behind.toLocaleString("en")}</span>
      </h3>
      {pending.length === 0 ? (
        <p className="px-4 pb-3 text-ui text-fg-2">The collector has acknowledged every change.</p>
      ) : (
        <ul className="max-h-72 divide-y overflow-y-auto border-t" tabIndex={0} aria-label="Changes waiting">
          {pending.map((entry) => (
            <li key={entry.account} className="flex flex-wrap justify-between gap-x-3 px-4 py-2 text-ui">
              <span className="min-w-0 wrap-anywhere">
                <span className="font-medium">{nameOf(entry)}</span>
                <span
                  className={
                    entry.state === "revoked" ? "block text-xs text-crit" : "block text-xs text-fg-2"
                  }
                >
                  {entry.state === "revoked" ? "access ended" : "new or changed account"}
                </span>
              </span>
              <span className="text-xs text-fg-2">
                <When at={entry.changed} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function nameOf({ name }: MirroredAccount): string {
  return name ?? "A deleted account";
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap justify-between gap-x-4 px-4 py-2">
      <dt className="text-fg-2">{label}</dt>
      <dd className="tabular-nums">{children}</dd>
    </div>
  );
}

type OrderDialogProps = {
  api: ApiClient;
  mirror: MirrorDetail;
  order: Order;
  onDone: () => void;
  onClose: () => void;
};

function OrderDialog({ api, mirror: { device, name }, order, onDone, onClose }: OrderDialogProps) {
  const path = { device };
  const sent = async (call: Promise<unknown>) => {
    await call;
    onDone();
  };
  if (order === "wipe") {
    return (
      <TypedConfirmDialog
        title={`Wipe the accounts of ${name || device}?`}
        expected={device}
        action="Wipe"
        busyAction="Ordering…"
        onConfirm={() =>
          sent(api.post("/api/sync/collectors/{device}/wipe", { path, body: { confirm: device } }))
        }
        onClose={onClose}
      >
        The collector deletes its copy of the accounts, so nobody can sign in there without the network. Only
        a new enrolment ends this.
      </TypedConfirmDialog>
    );
  }
  return order === "resync" ? (
    <ConfirmDialog
      title={`Send all accounts to ${name || device} again?`}
      action="Resync"
      busyAction="Ordering…"
      onConfirm={() => sent(api.post("/api/sync/collectors/{device}/resync", { path }))}
      onClose={onClose}
    >
      The collector gets the whole set, and the digests are compared again.
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      title={`Give ${name || device} a new sealing key?`}
      action="Rekey"
      busyAction="Ordering…"
      onConfirm={() => sent(api.post("/api/sync/collectors/{device}/rekey", { path }))}
      onClose={onClose}
    >
      The whole set of accounts follows under the new key.
    </ConfirmDialog>
  );
}
