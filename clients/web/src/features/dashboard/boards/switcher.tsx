"use client";
// Switches between the device overview, the own dashboards and the shared ones, and starts a new one.
import { useQuery } from "@tanstack/react-query";
import { Check, ChevronsUpDown, Copy, LayoutDashboard, Plus, Users } from "lucide-react";
import type { ReactNode } from "react";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuSeparator, MenuTrigger } from "@/components/menu";
import { Button } from "@/components/button";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { BoardSummary } from "./model";
import { boardsQuery } from "./queries";
import { useText } from "./text";

/** Opens a dashboard. null: the device overview. `from`: what a new dashboard starts with. */
export type OpenBoard = (id: string | null, options?: { from?: string; isEditing?: boolean }) => void;

type SwitcherProps = {
  api: ApiClient;
  /** The shown dashboard; null: the device overview. */
  current: string | null;
  accountId: string;
  mayCreate: boolean;
  /** The device whose overview is shown; null while a dashboard is shown. */
  device: string | null;
  onOpen: OpenBoard;
};

export function BoardSwitcher({ api, current, accountId, mayCreate, device, onOpen }: SwitcherProps) {
  const t = useText();
  const boards = useQuery(boardsQuery(api));
  const own = boards.data?.filter((board) => !board.shared && board.owner === accountId) ?? [];
  const shared = boards.data?.filter((board) => board.shared) ?? [];
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button
          tone="ghost"
          size="icon"
          aria-label={t("switchBoard")}
          title={t("switchBoard")}
          data-testid="board-switcher"
        >
          <ChevronsUpDown className="size-4" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuContent
        align="start"
        className="max-h-[min(30rem,var(--radix-dropdown-menu-content-available-height))] w-72 max-w-[calc(100vw-1rem)] overflow-y-auto"
      >
        <Entry
          icon={<LayoutDashboard className="size-4 shrink-0 text-fg-3" aria-hidden />}
          name={t("overview")}
          isCurrent={current === null}
          onSelect={() => onOpen(null)}
          testId="open-overview"
        />
        {own.length > 0 && <MenuLabel>{t("mine")}</MenuLabel>}
        {own.map((board) => (
          <BoardEntry key={board.id} board={board} current={current} onOpen={onOpen} />
        ))}
        {shared.length > 0 && <MenuLabel>{t("sharedOnes")}</MenuLabel>}
        {shared.map((board) => (
          <BoardEntry key={board.id} board={board} current={current} onOpen={onOpen} />
        ))}
        {boards.isError && !boards.data && (
          <MenuLabel className="text-crit">{explain(boards.error)}</MenuLabel>
        )}
        {mayCreate && (
          <>
            <MenuSeparator />
            <Entry
              icon={<Plus className="size-4 shrink-0 text-fg-3" aria-hidden />}
              name={t("create")}
              onSelect={() => onOpen("new", { isEditing: true })}
              testId="new-board"
            />
            {device !== null && (
              <Entry
                icon={<Copy className="size-4 shrink-0 text-fg-3" aria-hidden />}
                name={t("copyOverview")}
                onSelect={() => onOpen("new", { from: `device:${device}`, isEditing: true })}
                testId="copy-overview"
              />
            )}
          </>
        )}
      </MenuContent>
    </Menu>
  );
}

function BoardEntry({
  board,
  current,
  onOpen,
}: {
  board: BoardSummary;
  current: string | null;
  onOpen: OpenBoard;
}) {
  return (
    <Entry
      icon={
        board.shared ? (
          <Users className="size-4 shrink-0 text-fg-3" aria-hidden />
        ) : (
          <LayoutDashboard className="size-4 shrink-0 text-fg-3" aria-hidden />
        )
      }
      name={board.name}
      isCurrent={board.id === current}
      onSelect={() => onOpen(board.id)}
      testId={`open-board-${board.id}`}
    />
  );
}

type EntryProps = {
  icon: ReactNode;
  name: string;
  isCurrent?: boolean;
  onSelect: () => void;
  testId: string;
};

function Entry({ icon, name, isCurrent = false, onSelect, testId }: EntryProps) {
  return (
    <MenuItem
      className="h-auto! min-h-8 py-1"
      onSelect={onSelect}
      data-testid={testId}
      aria-current={isCurrent ? "page" : undefined}
    >
      {icon}
      <span className="min-w-0 flex-1 wrap-anywhere" dir="auto">
        {name}
      </span>
      {isCurrent && <Check className="size-4 shrink-0 text-accent" aria-hidden />}
    </MenuItem>
  );
}
