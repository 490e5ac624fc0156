"use client";
// An older version of a dashboard, to look at. Restoring it saves its panels and its name as a new version.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { LoadError } from "@/components/load-error";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { dateTime } from "@/lib/texts/format-time";
import { BoardGrid } from "../board-grid";
import type { Board, Panel } from "../model";
import type { PanelSurroundings } from "../panels/panel-view";
import type { BoardActions } from "../queries";
import { useText } from "../text";
import { versionQuery } from "./queries";

type VersionViewProps = PanelSurroundings & {
  api: ApiClient;
  board: Board;
  etag: string;
  version: number;
  mayEdit: boolean;
  actions: BoardActions;
  /** The panels that are shown, so that the page loads their series. */
  onPanels: (panels: readonly Panel[] | null) => void;
  onBack: () => void;
};

export default function VersionView(props: VersionViewProps) {
  const { api, board, etag, version, mayEdit, actions, onPanels, onBack, ...surroundings } = props;
  const t = useText();
  const [isAsking, setAsking] = useState(false);
  const { data, error, refetch } = useQuery(versionQuery(api, board.id, version));
  const panels = data?.panels;
  useEffect(() => {
    onPanels(panels ?? null);
    return () => onPanels(null);
  }, [panels, onPanels]);
  if (error && !data)
    return <LoadError error={error} what={t("versions.one")} onRetry={() => void refetch()} />;
  if (!data) return <div role="status" aria-label={t("loading")} className="skeleton h-[50dvh]" />;
  const restore = async () => {
    try {
      await actions.save(board.id, { name: data.name, panels: data.panels, shared: board.shared }, etag);
    } catch (problem) {
      // The next attempt is based on the version that the page then shows.
      if (problem instanceof ApiError && problem.status === 412) await actions.reload(board.id);
      throw problem;
    }
    onBack();
  };
  return (
    <>
      <div
        role="status"
        data-testid="version-bar"
        className="flex flex-wrap items-center gap-3 rounded-[7px] bg-info-soft px-3 py-2 text-ui text-info"
      >
        <span className="min-w-0 flex-1 basis-60 wrap-anywhere">
          {t("versions.shown", { version, name: data.updated_by_name, time: dateTime(data.updated_at) })}
        </span>
        {mayEdit && (
          <Button tone="primary" onClick={() => setAsking(true)} data-testid="restore-version">
            {t("versions.restore")}
          </Button>
        )}
        <Button onClick={onBack} data-testid="leave-version">
          {t("versions.back")}
        </Button>
      </div>
      <BoardGrid panels={data.panels} {...surroundings} onChoose={undefined} />
      {isAsking && (
        <ConfirmDialog
          title={t("versions.restoreTitle", { version })}
          action={t("versions.restore")}
          busyAction={t("saving")}
          onConfirm={restore}
          onClose={() => setAsking(false)}
        >
          {t("versions.restoreHint", { next: board.version + 1 })}
        </ConfirmDialog>
      )}
    </>
  );
}
