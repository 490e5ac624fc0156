"use client";
// One API key in a list. Its texts are in the namespace `security`.
import { KeyRound } from "lucide-react";
import { useTranslations } from "next-intl";
import { Badge } from "./badge";
import { Button } from "./button";
import { When } from "./when";
import type { ApiKey } from "@/contracts/http";

export function ApiKeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
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
