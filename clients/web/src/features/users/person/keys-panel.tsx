"use client";
// The API keys of an account, which an administrator can revoke.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ApiKeyRow } from "@/components/api-key-row";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { ApiKey } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { userKeysQuery } from "../queries";

export function KeysPanel({ api, account }: { api: ApiClient; account: string }) {
  const t = useTranslations("users");
  const security = useTranslations("security");
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const query = useQuery(userKeysQuery(api, account));
  return (
    <Panel title={t("apiKeys")} testId="panel-api-keys">
      <PanelContent query={query} skeletonHeight="3.25rem">
        {(keys) =>
          keys.length === 0 ? (
            <p className="px-4 pt-1 pb-4 text-ui text-fg-2">{t("noApiKeys")}</p>
          ) : (
            <ul className="max-h-[28rem] divide-y overflow-y-auto border-t" aria-label={t("apiKeys")}>
              {keys.map((key) => (
                <ApiKeyRow key={key.id} apiKey={key} onRevoke={() => setRevoking(key)} />
              ))}
            </ul>
          )
        }
      </PanelContent>
      {revoking && (
        <ConfirmDialog
          title={security("revokeName", { name: revoking.name })}
          action={security("revoke")}
          busyAction={security("revoking")}
          onConfirm={async () => {
            await revoke(api, account, revoking.id);
            await query.refetch();
          }}
          onClose={() => setRevoking(null)}
        >
          {security("programsThatUseThisKey")}
        </ConfirmDialog>
      )}
    </Panel>
  );
}

/** A key that is already gone counts as revoked. */
async function revoke(api: ApiClient, account: string, key: string): Promise<void> {
  try {
    await api.delete("/api/auth/accounts/{account}/api-keys/{key}", { path: { account, key } });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
