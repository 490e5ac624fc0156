"use client";
// A protected route with a live connection, whose state is in the top bar.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Frame, WithSession, type ProtectedRouteProps, type RouteContext } from "@/app/protected-route";
import type { DeviceChanged } from "@/contracts/live";
import { useChangesOn, type ChangedQueries } from "@/features/live/changes/use-changes";
import { createBrowserFeed } from "@/features/live/browser-feed";
import { ConnectionPill } from "@/features/live/connection/connection-pill";
import { useKeptValues } from "@/features/live/keep-last-values";
import type { LiveFeed } from "@/features/live/live-feed";
import { useLiveFeed } from "@/features/live/use-live-feed";

/** What a page with a live connection gets. */
export type LiveRouteContext = RouteContext & { readonly feed: LiveFeed };

type LiveRouteProps = ProtectedRouteProps & {
  /** A device has connected or disconnected, or reports another backlog. */
  onDevice: (client: QueryClient, change: DeviceChanged) => void;
  /** What the page loads again when the gateway reports a change. */
  changes?: ChangedQueries;
  children: (context: LiveRouteContext) => ReactNode;
};

const NOTHING: ChangedQueries = {};

export function LiveRoute({ children, onDevice, changes, ...props }: LiveRouteProps) {
  return (
    <WithSession {...props}>
      {(context) => (
        <WithFeed {...props} context={context} onDevice={onDevice} changes={changes}>
          {children}
        </WithFeed>
      )}
    </WithSession>
  );
}

type WithFeedProps = LiveRouteProps & { context: RouteContext };

function WithFeed({ context, onDevice, changes, children, ...props }: WithFeedProps) {
  const client = useQueryClient();
  const [feed] = useState(() =>
    createBrowserFeed({
      api: context.api,
      tokens: context.session,
      deviceChanged: (change) => onDevice(client, change),
    }),
  );
  useLiveFeed(feed);
  useKeptValues(feed);
  useChangesOn(feed.connection, changes ?? NOTHING, context.can);
  return (
    <Frame {...props} context={context} status={<ConnectionPill feed={feed} />}>
      {children({ ...context, feed })}
    </Frame>
  );
}
