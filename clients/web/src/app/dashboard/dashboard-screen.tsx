"use client";
// Connects session, live feed and dashboards: the overview of a device, and the dashboards of users.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { usePathname, useSearchParams } from "next/navigation";
import { useCallback, useEffect, useState } from "react";
import { SessionGate } from "@/app/session-gate";
import { ThemeMenu } from "@/components/theme-menu";
import { AccountMenu } from "@/features/auth/account-menu";
import type { Session, SignedInState } from "@/features/auth/session";
import { BoardScreen } from "@/features/dashboard/board-screen";
import { BoardSwitcher, type OpenBoard } from "@/features/dashboard/boards/switcher";
import { Backlogs } from "@/lib/readings/backlog";
import { Dashboard } from "@/features/dashboard/dashboard";
import { DashboardSkeleton } from "@/features/dashboard/dashboard-skeleton";
import { applyDeviceChange } from "@/features/dashboard/inventory";
import { enterFullScreen } from "@/features/dashboard/kiosk";
import { rangeOf, type RangeKey } from "@/features/dashboard/ranges";
import { createBrowserFeed } from "@/features/live/browser-feed";
import { ConnectionPill } from "@/features/live/connection/connection-pill";
import { useKeptValues } from "@/features/live/keep-last-values";
import { useLiveFeed } from "@/features/live/use-live-feed";
import { createApiClient } from "@/lib/api/api-client";
import { sessionCan } from "@/lib/permissions";
import { rememberBoard, rememberedBoard } from "./remembered-board";

const HOME = "/dashboard";

/** `mayEmbed`: the installation allows share links in frames of other sites. */
export function DashboardScreen({ mayEmbed }: { mayEmbed: boolean }) {
  return (
    <SessionGate page="/dashboard" skeleton={<DashboardSkeleton />}>
      {(session, state) => (
        <SignedIn key={state.account.id} session={session} state={state} mayEmbed={mayEmbed} />
      )}
    </SessionGate>
  );
}

type SignedInProps = { session: Session; state: SignedInState; mayEmbed: boolean };

function SignedIn({ session, state, mayEmbed }: SignedInProps) {
  const parameters = useSearchParams();
  const title = useTranslations("pages")("dashboard");
  const { account } = state;
  const boardId = boardIn(usePathname());
  const [client] = useState(() => new QueryClient());
  const [api] = useState(() => createApiClient(session));
  const [backlogs] = useState(() => new Backlogs());
  const [feed] = useState(() =>
    createBrowserFeed({ api, tokens: session, deviceChanged: (change) => applyDeviceChange(client, change) }),
  );
  useLiveFeed(feed);
  useKeptValues(feed);

  const isPlainVisit = boardId === null && !parameters.has("device") && !parameters.has("denied");
  useEffect(() => {
    const id = isPlainVisit ? rememberedBoard(account.id) : null;
    if (id) window.history.replaceState(null, "", `${HOME}/${encodeURIComponent(id)}${location.search}`);
    // Only the first visit: later, the person has chosen.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const show = useCallback((name: "range" | "device" | "kiosk", value: string | null) => {
    const next = new URLSearchParams(location.search);
    if (value === null) next.delete(name);
    else next.set(name, value);
    next.delete("denied");
    window.history.replaceState(null, "", next.size ? `?${next}` : location.pathname);
  }, []);

  // The page stays, and with it the live connection.
  const open = useCallback<OpenBoard>(
    (id, { from, isEditing = false } = {}) => {
      const next = new URLSearchParams();
      const range = new URLSearchParams(location.search).get("range");
      if (range) next.set("range", range);
      if (from) next.set("from", from);
      if (isEditing) next.set("edit", "1");
      if (id !== "new") rememberBoard(account.id, id);
      const path = id === null ? HOME : `${HOME}/${encodeURIComponent(id)}`;
      window.history.pushState(null, "", next.size ? `${path}?${next}` : path);
    },
    [account.id],
  );

  const kiosk = useCallback(
    (isOn: boolean) => {
      if (isOn) enterFullScreen();
      show("kiosk", isOn ? "1" : null);
    },
    [show],
  );

  const can = sessionCan(state);
  const status = (
    <>
      <ConnectionPill feed={feed} />
      <ThemeMenu />
    </>
  );
  const switcher = (device: string | null) => (
    <BoardSwitcher
      api={api}
      current={boardId}
      accountId={account.id}
      mayCreate={can("dashboards.own")}
      device={device}
      onOpen={open}
    />
  );
  const shared = {
    can,
    feed,
    api,
    status,
    isKiosk: parameters.get("kiosk") === "1",
    onKiosk: kiosk,
    onRange: (key: RangeKey) => show("range", key),
  };
  const accountMenu = <AccountMenu session={session} account={account} />;

  return (
    <QueryClientProvider client={client}>
      {boardId === null ? (
        <Dashboard
          {...shared}
          backlogs={backlogs}
          rangeKey={parameters.get("range")}
          deviceId={parameters.get("device")}
          isDenied={parameters.get("denied") === "1"}
          onDevice={(id) => show("device", id)}
          account={accountMenu}
          switcher={switcher}
        />
      ) : (
        <BoardScreen
          {...shared}
          title={title}
          account={account}
          accountMenu={accountMenu}
          boardId={boardId}
          mayEmbed={mayEmbed}
          from={parameters.get("from")}
          isEditing={boardId === "new" || parameters.get("edit") === "1"}
          range={rangeOf(parameters.get("range"))}
          switcher={switcher(null)}
          onOpen={open}
        />
      )}
    </QueryClientProvider>
  );
}

/** The dashboard in the address; null: the device overview. An address may hold anything. */
function boardIn(pathname: string): string | null {
  const [, id] = pathname.split("/").filter(Boolean);
  if (!id) return null;
  try {
    return decodeURIComponent(id).slice(0, 64);
  } catch {
    return id.slice(0, 64);
  }
}
