"use client";
// One collector: its copy of the accounts, its leases, what it has not acknowledged, and how to repair it.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import { numberLocale } from "@/lib/texts/page-locale";
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

const TONES: Readonly<Record<Mirror["state"], Tone>> = {
  in_sync: "ok",
  behind: "warn",
  never: "info",
  rolled_back: "crit",
  wiped: "neutral",
  unmanaged: "neutral",
};

type Order = "resync" | "rekey" | "wipe";

type CollectorPanelProps = {
  api: ApiClient;
  can: Can;
  device: string;
  query: UseQueryResult<MirrorDetail>;
};

export function CollectorPanel({ api, can, device, query }: CollectorPanelProps) {
  const t = useTranslations("offline-access");
  const [order, setOrder] = useState<Order | null>(null);
  const mirror = query.data;
  const state = mirror?.state;
  const canRepair =
    can("mirror.manage") && mirror && mirror.state !== "unmanaged" && mirror.state !== "wiped";
  return (
    <Panel
      title={mirror?.name || device}
      testId="panel-collector"
      actions={state && <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>}
    >
      <PanelContent query={query} skeletonHeight="14rem">
        {(found) => <Detail mirror={found} />}
      </PanelContent>
      {canRepair && (
        <div className="flex flex-wrap gap-2 border-t p-3">
          <Button onClick={() => setOrder("resync")} data-testid="resync">
            {t("resync")}
          </Button>
          <Button onClick={() => setOrder("rekey")} data-testid="rekey">
            {t("rekey")}
          </Button>
          <Button tone="danger" className="ml-auto" onClick={() => setOrder("wipe")} data-testid="wipe">
            {t("wipe")}
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
  const t = useTranslations("offline-access");
  const pending = pendingOf(mirror);
  const ends = pending.filter((entry) => cellState(entry) === "end-unconfirmed");
  return (
    <>
      <dl className="divide-y border-t text-ui">
        <Row label={t("stateSince")}>
          <When at={mirror.state_since} />
        </Row>
        <Row label={t("lastReport")}>{mirror.seen ? <When at={mirror.seen} /> : t("never")}</Row>
        <Row label={t("digestsCompared")}>{mirror.checked ? <When at={mirror.checked} /> : t("never")}</Row>
        <Row label={t("holds")}>{t("accounts", { count: mirror.held })}</Row>
        <Row label={t("leaseLeftUsers")}>{leaseText(mirror.lease_left.user_s)}</Row>
        <Row label={t("leaseLeftAdministrators")}>{leaseText(mirror.lease_left.admin_s)}</Row>
        {mirror.is_rekeying && <Row label={t("newKey")}>{t("waitsForTheCollector")}</Row>}
      </dl>
      {ends.length > 0 && (
        <p
          role="status"
          className="m-3 flex gap-2 rounded-[7px] bg-crit-soft px-3 py-2.5 text-ui text-crit wrap-anywhere"
        >
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          <span>{t("canStillSignIn", { names: ends.map(nameOf).join(", ") })}</span>
        </p>
      )}
      <h3 className="border-t px-4 pt-3 pb-2 text-ui font-semibold">
        {t.rich("changesWaiting", {
          span: () => (
            <span className="font-normal text-fg-2">{mirror.behind.toLocaleString(numberLocale())}</span>
          ),
        })}
      </h3>
      {pending.length === 0 ? (
        <p className="px-4 pb-3 text-ui text-fg-2">{t("theCollectorHasAcknowledgedEvery")}</p>
      ) : (
        <ul
          className="max-h-72 divide-y overflow-y-auto border-t"
          tabIndex={0}
          aria-label={t("changesWaiting2")}
        >
          {pending.map((entry) => (
            <li key={entry.account} className="flex flex-wrap justify-between gap-x-3 px-4 py-2 text-ui">
              <span className="min-w-0 wrap-anywhere">
                <span className="font-medium">{nameOf(entry)}</span>
                <span
                  className={
                    entry.state === "revoked" ? "block text-xs text-crit" : "block text-xs text-fg-2"
                  }
                >
                  {entry.state === "revoked" ? t("accessEnded") : t("newOrChangedAccount")}
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
  const t = pageTexts("offline-access");
  return name ?? t("aDeletedAccount");
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
  const t = useTranslations("offline-access");
  const path = { device };
  const sent = async (call: Promise<unknown>) => {
    await call;
    onDone();
  };
  if (order === "wipe") {
    return (
      <TypedConfirmDialog
        title={t("wipeTheAccountsOfValue", { value: name || device })}
        expected={device}
        action={t("wipe2")}
        busyAction={t("ordering")}
        onConfirm={() =>
          sent(api.post("/api/sync/collectors/{device}/wipe", { path, body: { confirm: device } }))
        }
        onClose={onClose}
      >
        {t("theCollectorDeletesItsCopy")}
      </TypedConfirmDialog>
    );
  }
  return order === "resync" ? (
    <ConfirmDialog
      title={t("sendAllAccountsToValue", { value: name || device })}
      action={t("resync")}
      busyAction={t("ordering")}
      onConfirm={() => sent(api.post("/api/sync/collectors/{device}/resync", { path }))}
      onClose={onClose}
    >
      {t("theCollectorGetsTheWhole")}
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      title={t("giveValueANewSealing", { value: name || device })}
      action={t("rekey")}
      busyAction={t("ordering")}
      onConfirm={() => sent(api.post("/api/sync/collectors/{device}/rekey", { path }))}
      onClose={onClose}
    >
      {t("theWholeSetOfAccounts")}
    </ConfirmDialog>
  );
}
