"use client";
// Connects the page of a share link to its readings. It has no session, no navigation and no storage.
import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useSearchParams } from "next/navigation";
import { useEffect, useState, type ReactNode } from "react";
import { LoadError } from "@/components/load-error";
import { Logo } from "@/components/logo";
import { ThemeMenu } from "@/components/theme-menu";
import type { SharedDashboard } from "@/contracts/http";
import { rangeOf, type RangeKey } from "@/features/dashboard/ranges";
import { sharedQuery } from "@/features/dashboard/shared/queries";
import { useShareToken } from "@/features/dashboard/shared/share-token";
import { LinkNotice, SharedView } from "@/features/dashboard/shared/shared-view";
import { createPolledFeed } from "@/features/live/polled-feed";
import { useLiveFeed } from "@/features/live/use-live-feed";
import { ApiError } from "@/lib/api/api-client";
import { useIsHydrated } from "@/lib/use-is-hydrated";

type SharedScreenProps = { isEmbedded?: boolean };

export function SharedScreen({ isEmbedded = false }: SharedScreenProps) {
  // The token follows "#", so the server never gets it.
  return <Frame isEmbedded={isEmbedded}>{useIsHydrated() && <WithToken isEmbedded={isEmbedded} />}</Frame>;
}

function Frame({ isEmbedded, children }: { isEmbedded: boolean; children: ReactNode }) {
  return (
    <div className="min-h-dvh">
      {!isEmbedded && (
        <header className="flex h-14 items-center justify-between border-b bg-surface px-4">
          <Logo />
          <ThemeMenu />
        </header>
      )}
      <main id="main" className="p-4">
        {children}
      </main>
    </div>
  );
}

function WithToken({ isEmbedded }: { isEmbedded: boolean }) {
  const token = useShareToken();
  const [client] = useState(() => new QueryClient());
  if (token === null) return <LinkNotice reason="incomplete" />;
  return (
    <QueryClientProvider client={client}>
      <WithDashboard key={token} token={token} isEmbedded={isEmbedded} />
    </QueryClientProvider>
  );
}

function WithDashboard({ token, isEmbedded }: { token: string; isEmbedded: boolean }) {
  const t = useTranslations("boards");
  const { data, error, refetch } = useQuery(sharedQuery(token));
  const name = data?.name;
  useEffect(() => {
    if (name) document.title = name;
  }, [name]);
  if (error instanceof ApiError && error.code === "share_link_invalid") return <LinkNotice reason="ended" />;
  if (data && isEmbedded && !data.embeddable) return <LinkNotice reason="unframed" />;
  if (data) return <WithFeed token={token} dashboard={data} />;
  if (error) return <LoadError error={error} what={t("theDashboard")} onRetry={() => void refetch()} />;
  return <div role="status" aria-label={t("loading")} className="skeleton h-[60dvh]" />;
}

function WithFeed({ token, dashboard }: { token: string; dashboard: SharedDashboard }) {
  const parameters = useSearchParams();
  const client = useQueryClient();
  const [clock] = useState(() => new DashboardClock());
  useEffect(() => clock.adopt(dashboard), [clock, dashboard]);
  const [feed] = useState(() =>
    createPolledFeed({
      token,
      clockAheadUs: () => clock.aheadUs,
      aheadOf: clock.aheadOf,
      ended: () => void client.invalidateQueries({ queryKey: sharedQuery(token).queryKey }),
    }),
  );
  useLiveFeed(feed);
  const range = (key: RangeKey) => {
    // The token stays in the address.
    window.history.replaceState(null, "", `?range=${key}${location.hash}`);
  };
  return (
    <SharedView feed={feed} dashboard={dashboard} range={rangeOf(parameters.get("range"))} onRange={range} />
  );
}

/** What the answers say about clocks: of the server, and of devices whose clock is wrong. */
class DashboardClock {
  aheadUs = 0;
  private dashboard: SharedDashboard | null = null;

  adopt(dashboard: SharedDashboard): void {
    // An answer that React shows later is a worse estimate, so the first one counts until the clock differs by seconds.
    const ahead = dashboard.now - Date.now() * 1_000;
    if (this.dashboard === null || Math.abs(ahead - this.aheadUs) > 5_000_000) this.aheadUs = ahead;
    this.dashboard = dashboard;
  }

  /** See `PollPorts`. */
  readonly aheadOf = (id: number): number => {
    const series = this.dashboard?.series.find((one) => one.id === id);
    const device = this.dashboard?.devices.find((one) => one.id === series?.device);
    return device?.clock_suspect ? (device.clock_offset_us ?? 0) : 0;
  };
}
