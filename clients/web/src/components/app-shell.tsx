"use client";
// The frame of every signed-in page: a top bar, and a sidebar that becomes a drawer on narrow screens.
import { LifeBuoy, PanelLeft } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState, type ReactNode } from "react";
import type { Can } from "@/lib/permissions";
import { Button } from "./button";
import { Drawer } from "./dialog";
import { Kbd } from "./kbd";
import { Logo } from "./logo";
import { Navigation } from "./navigation";
import { SEARCH_BOX } from "./search-box";
import { useShellSearch } from "./shell-search";

type AppShellProps = {
  /** The permissions of the session. The navigation shows allowed pages only. */
  can: Can;
  /** Below the logo: selects the subject of the page. `close` closes the drawer. */
  picker: ((close: () => void) => ReactNode) | null;
  /** At the foot of the sidebar. */
  account: ReactNode;
  breadcrumb: ReactNode;
  status: ReactNode;
  /** Absent when the page has no help. */
  onHelp?: () => void;
  children: ReactNode;
};

export function AppShell({ can, picker, account, breadcrumb, status, onHelp, children }: AppShellProps) {
  const t = useTranslations("common");
  const search = useShellSearch();
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const sidebar = (
    <Sidebar
      can={can}
      onNavigate={() => setDrawerOpen(false)}
      picker={picker?.(() => setDrawerOpen(false))}
      account={account}
      onHelp={
        onHelp &&
        (() => {
          setDrawerOpen(false);
          onHelp();
        })
      }
    />
  );
  return (
    <div className="min-h-dvh lg:pl-[228px]">
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-[7px] bg-accent px-3 py-2 text-ui text-on-accent focus:translate-y-0"
      >
        {t("skipToContent")}
      </a>
      <div className="fixed inset-y-0 left-0 z-20 hidden w-[228px] border-r bg-surface lg:block">
        {sidebar}
      </div>
      <Drawer open={isDrawerOpen} onOpenChange={setDrawerOpen} title={t("navigation")}>
        {sidebar}
      </Drawer>
      <header className="sticky top-0 z-10 flex h-[52px] items-center gap-2 border-b bg-surface px-4 lg:px-6">
        <Button
          tone="ghost"
          size="icon"
          className="-ml-2 lg:hidden"
          aria-label={t("openNavigation")}
          onClick={() => setDrawerOpen(true)}
        >
          <PanelLeft className="size-4" aria-hidden />
        </Button>
        {/* On phones the search is an icon after the title. Its place is kept while nobody is signed in. */}
        <div className="max-sm:order-1 sm:mr-2">
          {search ? search(onHelp) : <div aria-hidden className={SEARCH_BOX} />}
        </div>
        <div className="min-w-0 flex-1">{breadcrumb}</div>
        <div className="order-2 flex items-center gap-2">{status}</div>
      </header>
      <main id="main" tabIndex={-1} className="mx-auto max-w-[1680px] p-4 outline-none lg:p-6">
        {children}
      </main>
    </div>
  );
}

function Sidebar({
  can,
  onNavigate,
  picker,
  account,
  onHelp,
}: {
  can: Can;
  onNavigate: () => void;
  picker: ReactNode;
  account: ReactNode;
  onHelp?: () => void;
}) {
  const t = useTranslations("common");
  return (
    <div className="flex h-full flex-col">
      <div className="flex min-h-[52px] shrink-0 items-center px-4 py-2">
        <Logo />
      </div>
      {picker && <div className="px-3 pb-2">{picker}</div>}
      <Navigation can={can} onNavigate={onNavigate} />
      <div className="space-y-1 border-t p-3">
        {onHelp && (
          <button
            type="button"
            onClick={onHelp}
            className="flex h-8 w-full items-center gap-2.5 rounded-[7px] px-2 text-ui text-fg-2 hover:bg-surface-2 hover:text-fg"
          >
            <LifeBuoy className="size-4" aria-hidden />
            {t("helpAndShortcuts")}
            <span className="ml-auto">
              <Kbd>?</Kbd>
            </span>
          </button>
        )}
        {account}
      </div>
    </div>
  );
}
