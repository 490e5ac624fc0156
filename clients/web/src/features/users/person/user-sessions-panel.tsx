"use client";
// The running sessions of an account, and buttons to end them.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { SessionRow } from "@/components/session-row";
import type { RunningSession } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { userSessionsQuery } from "../queries";

type UserSessionsPanelProps = { api: ApiClient; account: string; onEndAll: () => void };

export function UserSessionsPanel({ api, account, onEndAll }: UserSessionsPanelProps) {
  const t = useTranslations("users");
  const security = useTranslations("security");
  const [ending, setEnding] = useState<RunningSession | null>(null);
  const query = useQuery(userSessionsQuery(api, account));
  return (
    <Panel
      title={t("sessions")}
      testId="panel-sessions"
      actions={
        (query.data?.length ?? 0) > 0 && (
          <Button tone="danger" onClick={onEndAll} data-testid="end-all">
            {t("endAllSessions")}
          </Button>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="3.25rem">
        {(sessions) =>
          sessions.length === 0 ? (
            <p className="px-4 pt-1 pb-4 text-ui text-fg-2">{t("notSignedIn")}</p>
          ) : (
            <ul className="max-h-[28rem] divide-y overflow-y-auto border-t" aria-label={t("sessions")}>
              {sessions.map((session) => (
                <SessionRow key={session.id} session={session} onEnd={() => setEnding(session)} />
              ))}
            </ul>
          )
        }
      </PanelContent>
      {ending && (
        <ConfirmDialog
          title={security("endThisSession")}
          action={security("endSession")}
          busyAction={t("ending")}
          onConfirm={async () => {
            await endOne(api, account, ending.id);
            await query.refetch();
          }}
          onClose={() => setEnding(null)}
        >
          {security("deviceIsSignedOut", { device: ending.device || security("theDevice") })}
        </ConfirmDialog>
      )}
    </Panel>
  );
}

/** A session that is already gone counts as ended. */
async function endOne(api: ApiClient, account: string, session: string): Promise<void> {
  try {
    await api.delete("/api/auth/accounts/{account}/sessions/{session}", { path: { account, session } });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
