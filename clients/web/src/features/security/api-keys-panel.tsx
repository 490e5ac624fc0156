"use client";
// The API keys of the signed-in account.
import { useTranslations } from "next-intl";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import type { ApiKey } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { ApiKeyDialog } from "./api-key-dialog";
import { PanelContent } from "@/components/panel-content";
import { apiKeysQuery } from "./queries";

export function ApiKeysPanel({ api, role }: { api: ApiClient; role: string }) {
  const t = useTranslations("security");
  const [isCreating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const client = useQueryClient();
  const query = useQuery(apiKeysQuery(api));
  const refetch = () => client.invalidateQueries({ queryKey: apiKeysQuery(api).queryKey });
  return (
    <Panel
      title="API keys"
      testId="panel-api-keys"
      actions={
        <Button onClick={() => setCreating(true)} data-testid="create-key">
          {t("createKey")}
        </Button>
      }
    >
      <PanelContent query={query} skeletonHeight="3.25rem">
        {(keys) =>
          keys.length === 0 ? (
            <p className="px-4 pt-1 pb-4 text-ui text-fg-2" data-testid="no-api-keys">
              {t("noApiKeysWithAn")}
            </p>
          ) : (
            <ul className="max-h-[28rem] divide-y overflow-y-auto border-t" aria-label="API keys">
              {keys.map((key) => (
                <KeyRow key={key.id} apiKey={key} onRevoke={() => setRevoking(key)} />
              ))}
            </ul>
          )
        }
      </PanelContent>
      {isCreating && (
        <ApiKeyDialog
          api={api}
          role={role}
          onCreated={() => void refetch()}
          onClose={() => setCreating(false)}
        />
      )}
      {revoking && (
        <ConfirmDialog
          title={t("revokeName", { name: revoking.name })}
          action={t("revoke")}
          busyAction={t("revoking")}
          onConfirm={async () => {
            await revoke(api, revoking.id);
            await refetch();
          }}
          onClose={() => setRevoking(null)}
        >
          {t("programsThatUseThisKey")}
        </ConfirmDialog>
      )}
    </Panel>
  );
}

/** A key that is already gone counts as revoked. */
async function revoke(api: ApiClient, id: string): Promise<void> {
  try {
    await api.delete("/api/auth/api-keys/{key}", { path: { key: id } });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const t = useTranslations("security");
  return (
    <li className="flex min-h-[52px] items-center gap-3 px-4 py-2 text-ui" data-testid="api-key">
      <KeyRound className="size-4 shrink-0 text-fg-3" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="truncate font-medium" title={apiKey.name}>
            {apiKey.name}
          </span>
          {isExpired(apiKey) && <Badge tone="warn">{t("expired")}</Badge>}
          <span className="truncate font-mono text-2xs text-fg-2" title={apiKey.scope.join(" ")}>
            {apiKey.scope.join(" ")}
          </span>
        </p>
        <p className="flex flex-wrap gap-x-2 text-xs text-fg-2">
          <span>
            {isExpired(apiKey) ? t("expired") : t("expires")} <When at={apiKey.expires_at} />
          </span>
          <span>
            {apiKey.last_used_at ? (
              <>
                {t("lastUsed")} <When at={apiKey.last_used_at} />
              </>
            ) : (
              t("neverUsed")
            )}
          </span>
        </p>
      </div>
      <Button
        onClick={onRevoke}
        aria-label={t("revokeName2", { name: apiKey.name })}
        data-testid="revoke-key"
      >
        {t("revoke")}
      </Button>
    </li>
  );
}

function isExpired({ expires_at }: ApiKey): boolean {
  return Date.parse(expires_at) <= Date.now();
}
