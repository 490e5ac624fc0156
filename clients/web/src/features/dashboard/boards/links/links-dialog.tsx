"use client";
// The share links of a dashboard: creates them, shows a new one once, lists and revokes them.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { LoadError } from "@/components/load-error";
import { When } from "@/components/when";
import type { ShareLink } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { dateTime } from "@/lib/texts/format-time";
import { useText } from "../text";
import { LinkForm } from "./link-form";
import { addressOf, frameOf, linksQuery } from "./queries";

type LinksDialogProps = {
  api: ApiClient;
  id: string;
  isShared: boolean;
  /** The installation allows frames on other sites. */
  mayEmbed: boolean;
  onClose: () => void;
};

type Made = { readonly token: string; readonly embeddable: boolean };

/** The dialog is open while it is rendered. */
export default function LinksDialog({ api, id, isShared, mayEmbed, onClose }: LinksDialogProps) {
  const t = useText();
  const client = useQueryClient();
  const [made, setMade] = useState<Made | null>(null);
  const reload = () => void client.invalidateQueries({ queryKey: linksQuery(api, id).queryKey });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={made ? t("links.madeTitle") : t("links.title")}
      description={made ? undefined : t("links.hint")}
      isLocked={made !== null}
    >
      {made ? (
        <NewLink made={made} onKept={() => setMade(null)} />
      ) : (
        <div className="space-y-5">
          {isShared ? (
            <LinkForm
              api={api}
              id={id}
              mayEmbed={mayEmbed}
              onMade={(link) => {
                setMade(link);
                reload();
              }}
            />
          ) : (
            <p role="status" className="rounded-[7px] bg-warn-soft px-3 py-2 text-ui text-warn">
              {t("links.shareFirst")}
            </p>
          )}
          <LinkList api={api} id={id} onChanged={reload} />
        </div>
      )}
    </Dialog>
  );
}

function NewLink({ made, onKept }: { made: Made; onKept: () => void }) {
  const t = useText();
  const address = addressOf(made.token, location.origin);
  const frame = frameOf(made.token, location.origin);
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">{t("links.shownOnce")}</p>
      <Secret text={address} testId="link-address" copyLabel={t("links.copyAddress")} />
      {made.embeddable && (
        <>
          <p className="text-ui text-fg-2">{t("links.frameHint")}</p>
          <Secret text={frame} testId="link-frame" copyLabel={t("links.copyFrame")} />
        </>
      )}
      <div className="flex justify-end">
        <Button tone="primary" onClick={onKept} data-testid="link-kept">
          {t("links.kept")}
        </Button>
      </div>
    </div>
  );
}

function Secret({ text, testId, copyLabel }: { text: string; testId: string; copyLabel: string }) {
  return (
    <div className="space-y-2">
      <p
        className="rounded-[7px] border bg-surface-2 p-3 font-mono text-ui break-all select-all"
        data-testid={testId}
      >
        {text}
      </p>
      <CopyButton text={text} label={copyLabel} testId={`copy-${testId}`} />
    </div>
  );
}

type LinkListProps = { api: ApiClient; id: string; onChanged: () => void };

function LinkList({ api, id, onChanged }: LinkListProps) {
  const t = useText();
  const links = useQuery(linksQuery(api, id));
  const [revoking, setRevoking] = useState<ShareLink | null>(null);
  if (links.error && !links.data)
    return <LoadError error={links.error} what={t("links.list")} onRetry={() => void links.refetch()} />;
  if (!links.data) return <div role="status" aria-label={t("loading")} className="skeleton h-16" />;
  if (links.data.length === 0) return <p className="text-ui text-fg-2">{t("links.none")}</p>;
  const revoke = async (link: ShareLink) => {
    await api.delete("/api/telemetry/dashboards/{id}/links/{link}", { path: { id, link: link.id } });
    onChanged();
  };
  return (
    <>
      <ul className="divide-y border-t" aria-label={t("links.list")} data-testid="links">
        {links.data.map((link) => (
          <li
            key={link.id}
            className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5 text-ui"
            data-state={link.state}
          >
            <div className="min-w-0 flex-1 basis-48">
              <p className="font-medium wrap-anywhere" dir="auto">
                {link.name}
              </p>
              <p className="text-xs text-fg-2">
                {t("links.until", { time: dateTime(link.expires_at), name: link.created_by_name })}
              </p>
              <p className="text-xs text-fg-2">
                {link.last_used_at ? (
                  <>
                    {t("links.lastUsed")} <When at={link.last_used_at} />
                  </>
                ) : (
                  t("links.neverUsed")
                )}
              </p>
            </div>
            {link.embeddable && (
              <Badge tone="neutral" hasDot={false}>
                {t("links.embeddable")}
              </Badge>
            )}
            <Badge tone={link.state === "valid" ? "ok" : "neutral"}>{t(`links.states.${link.state}`)}</Badge>
            {link.state === "valid" && (
              <Button
                onClick={() => setRevoking(link)}
                aria-label={t("links.revokeLabel", { name: link.name })}
                data-testid="revoke-link"
              >
                {t("links.revoke")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {revoking && (
        <ConfirmDialog
          title={t("links.revokeTitle", { name: revoking.name })}
          action={t("links.revoke")}
          busyAction={t("links.revoking")}
          onConfirm={() => revoke(revoking)}
          onClose={() => setRevoking(null)}
        >
          {t("links.revokeHint")}
        </ConfirmDialog>
      )}
    </>
  );
}
