"use client";
// The keys that sign access tokens, and their rotation.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Badge, type Tone } from "@/components/badge";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import type { SigningKey } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { dateTime } from "@/lib/texts/format-time";
import { signingKeysQuery } from "./queries";

const TONES: Readonly<Record<SigningKey["state"], Tone>> = {
  current: "ok",
  next: "info",
  previous: "neutral",
};

const BEGAN = { current: "signsSince", next: "signsFrom", previous: "signedFrom" } as const;

export function SigningKeysPanel({ api }: { api: ApiClient }) {
  const t = useTranslations("admin.keys");
  const [dialog, setDialog] = useState<"rotate" | "emergency" | null>(null);
  const client = useQueryClient();
  const query = useQuery(signingKeysQuery(api));
  const close = () => setDialog(null);
  const rotate = async (emergency: boolean) => {
    await api.post("/api/auth/keys/rotate", { body: { emergency } });
    await client.invalidateQueries({ queryKey: signingKeysQuery(api).queryKey });
  };
  return (
    <Panel
      title={t("title")}
      testId="panel-signing-keys"
      actions={
        <Button onClick={() => setDialog("rotate")} data-testid="rotate-keys">
          {t("rotate")}
        </Button>
      }
    >
      <PanelContent query={query} skeletonHeight="9rem">
        {({ items }) => (
          <ul className="divide-y border-t" aria-label={t("title")}>
            {items.map((key) => (
              <KeyRow key={key.id} signingKey={key} />
            ))}
          </ul>
        )}
      </PanelContent>
      <div className="flex flex-wrap items-center gap-3 border-t px-4 py-3 text-ui text-fg-2">
        <p className="min-w-0 flex-1 basis-60">{t("emergencyWhat")}</p>
        <Button tone="danger" onClick={() => setDialog("emergency")} data-testid="replace-keys">
          {t("emergency")}
        </Button>
      </div>
      {dialog === "rotate" && (
        <ConfirmDialog
          title={t("rotateTitle")}
          action={t("rotate")}
          busyAction={t("rotating")}
          onConfirm={() => rotate(false)}
          onClose={close}
        >
          {t("rotateEffect")}
        </ConfirmDialog>
      )}
      {dialog === "emergency" && (
        <TypedConfirmDialog
          title={t("emergencyTitle")}
          expected={t("emergencyWord")}
          action={t("emergency")}
          busyAction={t("rotating")}
          onConfirm={() => rotate(true)}
          onClose={close}
        >
          {t("emergencyEffect")}
        </TypedConfirmDialog>
      )}
    </Panel>
  );
}

function KeyRow({ signingKey }: { signingKey: SigningKey }) {
  const t = useTranslations("admin.keys");
  const { id, state, signs_from, valid_until } = signingKey;
  return (
    <li
      className="flex min-h-[52px] flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui"
      data-testid="signing-key"
    >
      <span className="min-w-0 flex-1 basis-48">
        <span className="block font-mono text-xs wrap-anywhere">{id}</span>
        <span className="block text-xs text-fg-2">
          {t(BEGAN[state], { time: dateTime(signs_from) })}
          {valid_until !== null && ` · ${t("validUntil", { time: dateTime(valid_until) })}`}
        </span>
      </span>
      <Badge tone={TONES[state]}>{t(`states.${state}`)}</Badge>
    </li>
  );
}
