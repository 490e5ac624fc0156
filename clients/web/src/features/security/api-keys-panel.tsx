"use client";
// The API keys of the signed-in account.
import { useTranslations } from "next-intl";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiKeyRow } from "@/components/api-key-row";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
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
      title={t("apiKeys")}
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
            <ul className="max-h-[28rem] divide-y overflow-y-auto border-t" aria-label={t("apiKeys")}>
              {keys.map((key) => (
                <ApiKeyRow key={key.id} apiKey={key} onRevoke={() => setRevoking(key)} />
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
