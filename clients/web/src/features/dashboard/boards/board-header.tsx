"use client";
// The header of a dashboard that is watched: its name, its state, and what a person may do with it.
import { Copy, History, Link2, Maximize, MoreHorizontal, Pencil, Share2, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { lazyPart } from "@/components/lazy-part";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/menu";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { Summary } from "../dashboard-header";
import { PauseButton } from "../pause-button";
import type { Feed } from "../ports";
import { RangePicker } from "../range-picker";
import type { RangeKey } from "../ranges";
import type { Board } from "./model";
import { contentOf, type BoardActions } from "./queries";
import { useText } from "./text";

const VersionsDialog = lazyPart(() => import("./versions/versions-dialog"));
const LinksDialog = lazyPart(() => import("./links/links-dialog"));

type BoardHeaderProps = {
  api: ApiClient;
  feed: Feed;
  board: Board;
  etag: string;
  series: readonly Series[];
  rangeKey: RangeKey;
  onRange: (key: RangeKey) => void;
  switcher: ReactNode;
  mayEdit: boolean;
  mayCreate: boolean;
  mayShare: boolean;
  /** Only its owner may unshare a dashboard. */
  isOwner: boolean;
  mayEmbed: boolean;
  actions: BoardActions;
  onEdit: () => void;
  onCopy: () => void;
  onKiosk: () => void;
  onRemoved: () => void;
  onVersion: (version: number) => void;
};

export function BoardHeader(props: BoardHeaderProps) {
  const t = useText();
  const { feed, board, series, rangeKey, onRange, switcher, mayEdit, onEdit, onKiosk } = props;
  return (
    <div className="flex flex-wrap items-end gap-x-4 gap-y-3">
      <div className="min-w-0 flex-1 basis-72">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <h1
            dir="auto"
            className="min-w-0 text-[20px] leading-7 font-semibold tracking-[-0.015em] wrap-anywhere"
            data-testid="board-title"
          >
            {board.name}
          </h1>
          {switcher}
          {board.shared && (
            <Badge tone="neutral" hasDot={false} title={t("sharedBy", { name: board.owner_name })}>
              {t("shared")}
            </Badge>
          )}
        </div>
        <Summary feed={feed} series={series} />
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <RangePicker value={rangeKey} onChange={onRange} />
        <PauseButton feed={feed} />
        <Button
          size="icon"
          aria-label={t("fullScreen")}
          title={t("fullScreen")}
          onClick={onKiosk}
          data-testid="full-screen"
        >
          <Maximize className="size-4" aria-hidden />
        </Button>
        <BoardMenu {...props} />
        {mayEdit && (
          <Button tone="primary" onClick={onEdit} data-testid="edit-board">
            <Pencil className="size-4" aria-hidden />
            {t("edit")}
          </Button>
        )}
      </div>
    </div>
  );
}

function BoardMenu({
  api,
  board,
  etag,
  mayEdit,
  mayCreate,
  mayShare,
  isOwner,
  mayEmbed,
  actions,
  onCopy,
  onRemoved,
  onVersion,
}: BoardHeaderProps) {
  const t = useText();
  const [asking, setAsking] = useState<"share" | "links" | "versions" | "delete" | null>(null);
  const share = () => actions.save(board.id, { ...contentOf(board), shared: !board.shared }, etag);
  const remove = async () => {
    await actions.remove(board.id, etag);
    onRemoved();
  };
  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <Button size="icon" aria-label={t("more")} title={t("more")} data-testid="board-menu">
            <MoreHorizontal className="size-4" aria-hidden />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          {mayCreate && (
            <MenuItem onSelect={onCopy} data-testid="copy-board">
              <Copy className="size-4 text-fg-3" aria-hidden />
              {t("copyBoard")}
            </MenuItem>
          )}
          <MenuItem onSelect={() => setAsking("versions")} data-testid="board-versions">
            <History className="size-4 text-fg-3" aria-hidden />
            {t("versions.menu")}
          </MenuItem>
          {mayEdit && mayShare && (
            <MenuItem onSelect={() => setAsking("links")} data-testid="share-links">
              <Link2 className="size-4 text-fg-3" aria-hidden />
              {t("links.menu")}
            </MenuItem>
          )}
          {mayEdit && mayShare && isOwner && (
            <MenuItem onSelect={() => setAsking("share")} data-testid="share-board">
              <Share2 className="size-4 text-fg-3" aria-hidden />
              {board.shared ? t("unshare") : t("share")}
            </MenuItem>
          )}
          {mayEdit && (
            <>
              <MenuSeparator />
              <MenuItem className="text-crit" onSelect={() => setAsking("delete")} data-testid="delete-board">
                <Trash2 className="size-4" aria-hidden />
                {t("delete")}
              </MenuItem>
            </>
          )}
        </MenuContent>
      </Menu>
      {asking === "versions" && (
        <VersionsDialog
          api={api}
          id={board.id}
          current={board.version}
          onLook={(version) => {
            setAsking(null);
            onVersion(version);
          }}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "links" && (
        <LinksDialog
          api={api}
          id={board.id}
          isShared={board.shared}
          mayEmbed={mayEmbed}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === "share" && (
        <ConfirmDialog
          title={board.shared ? t("unshareTitle") : t("shareTitle")}
          action={board.shared ? t("unshare") : t("share")}
          busyAction={t("saving")}
          onConfirm={share}
          onClose={() => setAsking(null)}
        >
          {board.shared ? t("unshareHint", { name: board.owner_name }) : t("shareHint")}
        </ConfirmDialog>
      )}
      {asking === "delete" && (
        <ConfirmDialog
          title={t("deleteTitle", { name: board.name })}
          action={t("delete")}
          busyAction={t("deleting")}
          onConfirm={remove}
          onClose={() => setAsking(null)}
        >
          {board.shared ? t("deleteSharedHint") : t("deleteHint")}
        </ConfirmDialog>
      )}
    </>
  );
}
