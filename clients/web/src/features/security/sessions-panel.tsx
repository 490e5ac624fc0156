"use client";
// The sessions of the account, and buttons to end them.
import { useTranslations } from "next-intl";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Panel } from "@/components/panel";
import { SessionRow } from "@/components/session-row";
import type { RunningSession } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { PanelContent } from "@/components/panel-content";
import { sessionsQuery } from "./queries";

type Ending = RunningSession | "others";

export function SessionsPanel({ api }: { api: ApiClient }) {
  const t = useTranslations("security");
  const [ending, setEnding] = useState<Ending | null>(null);
  const client = useQueryClient();
  const query = useQuery(sessionsQuery(api));
  const others = query.data?.filter(({ is_current }) => !is_current).length ?? 0;

  const end = async (what: Ending) => {
    await (what === "others" ? api.delete("/api/auth/sessions") : endOne(api, what.id));
    await client.invalidateQueries({ queryKey: sessionsQuery(api).queryKey });
  };

  return (
    <Panel
      title={t("sessions")}
      testId="panel-sessions"
      actions={
        others > 0 && (
          <Button tone="danger" onClick={() => setEnding("others")} data-testid="end-others">
            {t("endAllOthers")}
          </Button>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="3.25rem">
        {(sessions) => (
          <ul className="max-h-[28rem] divide-y overflow-y-auto border-t" aria-label={t("sessions")}>
            {sessions.map((session) => (
              <SessionRow key={session.id} session={session} onEnd={() => setEnding(session)} />
            ))}
          </ul>
        )}
      </PanelContent>
      {ending && (
        <ConfirmDialog
          title={ending === "others" ? t("endAllOtherSessions") : t("endThisSession")}
          action={ending === "others" ? t("endAllOthers") : t("endSession")}
          busyAction={t("ending")}
          onConfirm={() => end(ending)}
          onClose={() => setEnding(null)}
        >
          {ending === "others"
            ? t("allOtherDevicesAreSigned")
            : t("deviceIsSignedOut", { device: ending.device || t("theDevice") })}
        </ConfirmDialog>
      )}
    </Panel>
  );
}

/** A session that is already gone counts as ended. */
async function endOne(api: ApiClient, id: string): Promise<void> {
  try {
    await api.delete("/api/auth/sessions/{session}", { path: { session: id } });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
