"use client";
// One running session in a list. Its texts are in the namespace `security`.
import { Monitor, Smartphone } from "lucide-react";
import { useTranslations } from "next-intl";
import { Badge } from "./badge";
import { Button } from "./button";
import { When } from "./when";
import type { RunningSession } from "@/contracts/http";

export function SessionRow({ session, onEnd }: { session: RunningSession; onEnd: () => void }) {
  const t = useTranslations("security");
  const Icon = /android|iphone|ipad|mobile/i.test(session.device) ? Smartphone : Monitor;
  const name = session.device || t("unknownDevice");
  return (
    <li
      className="flex min-h-[52px] items-center gap-3 px-4 py-2 text-ui"
      data-testid="session"
      data-current={session.is_current || undefined}
    >
      <Icon className="size-4 shrink-0 text-fg-3" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="truncate font-medium" title={name}>
            {name}
          </span>
          {session.is_current && <Badge tone="info">{t("thisSession")}</Badge>}
        </p>
        <p className="flex flex-wrap gap-x-2 text-xs text-fg-2">
          <span className="tabular-nums">{session.address ?? t("unknownAddress")}</span>
          <span>
            {t("lastUsed")} <When at={session.last_used_at} />
          </span>
          <span className="hidden sm:inline">
            {t("signedIn")} <When at={session.created_at} />
          </span>
        </p>
      </div>
      {!session.is_current && (
        <Button onClick={onEnd} aria-label={t("endTheSessionOfName", { name })} data-testid="end-session">
          {t("end")}
        </Button>
      )}
    </li>
  );
}
