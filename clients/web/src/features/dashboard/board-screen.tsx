"use client";
// The frame around a dashboard of a user: navigation, or nothing on a screen on a wall.
import { useState, type ReactNode } from "react";
import { AppShell } from "@/components/app-shell";
import { BoardPage, type BoardPageProps } from "./boards/board-page";
import { HelpDialog } from "./help-dialog";
import { Kiosk } from "./kiosk";
import { useShortcuts } from "./use-shortcuts";
import { RANGES } from "./ranges";

type BoardScreenProps = Omit<BoardPageProps, "onKiosk"> & {
  title: string;
  status: ReactNode;
  accountMenu: ReactNode;
  isKiosk: boolean;
  onKiosk: (isOn: boolean) => void;
};

export function BoardScreen({ title, status, accountMenu, isKiosk, onKiosk, ...page }: BoardScreenProps) {
  const { feed, onRange } = page;
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts({
    "?": () => setHelpOpen(true),
    p: () => feed.setPaused(!feed.view.current().paused),
    ...Object.fromEntries(RANGES.map(({ key }, index) => [String(index + 1), () => onRange(key)])),
  });
  const content = <BoardPage key={page.boardId} {...page} onKiosk={() => onKiosk(true)} />;
  if (isKiosk && !page.isEditing) return <Kiosk onLeave={() => onKiosk(false)}>{content}</Kiosk>;
  return (
    <AppShell
      can={page.can}
      picker={null}
      account={accountMenu}
      breadcrumb={<p className="truncate text-ui text-fg-2">{title}</p>}
      status={status}
      onHelp={() => setHelpOpen(true)}
    >
      {content}
      <HelpDialog open={isHelpOpen} onOpenChange={setHelpOpen} />
    </AppShell>
  );
}
