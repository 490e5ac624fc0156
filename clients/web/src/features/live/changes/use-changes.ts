"use client";
// Loads lists again when the gateway reports a change. A hidden page marks them only, and loads them when it is shown.
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect } from "react";
import { CHANGE_NAMESPACES } from "@/contracts/generated/live";
import type { ChangeNamespace } from "@/contracts/live";
import type { TokenSource } from "@/lib/api/api-client";
import { setFollowed } from "@/lib/lists/followed-changes";
import type { Can } from "@/lib/permissions";
import { browserPorts } from "../connection/browser-ports";
import { LiveConnection } from "../connection/connection";
import { ServerClock } from "../connection/server-clock";
import { ChangeFollower, type Change } from "./change-follower";

/** The queries that a change of a namespace makes old. Define it outside components: a new object connects again. */
export type ChangedQueries = Partial<Record<ChangeNamespace, (change: Change) => readonly QueryKey[]>>;

const EVERYTHING: Change = { ids: null, rules: true };

/** Follows on an open connection, for a page with a live feed. `connection` must be started by an earlier effect. */
export function useChangesOn(connection: LiveConnection, queries: ChangedQueries, can: Can): void {
  const client = useQueryClient();
  const namespaces = allowed(queries, can).join();
  useEffect(() => {
    const invalidate = (namespace: ChangeNamespace, change: Change, refetchType: "active" | "none") => {
      for (const queryKey of queries[namespace]?.(change) ?? []) {
        void client.invalidateQueries({ queryKey, refetchType });
      }
    };
    const follower = new ChangeFollower(
      {
        connection,
        after: (ms, work) => {
          const timer = setTimeout(work, ms);
          return () => clearTimeout(timer);
        },
        changed: (namespace, change) =>
          invalidate(namespace, change, document.visibilityState === "hidden" ? "none" : "active"),
        followed: (namespace, isFollowed) => {
          setFollowed(namespace, isFollowed);
          // The queries read their interval again.
          invalidate(namespace, EVERYTHING, "none");
        },
      },
      namespaces.split(",").filter(Boolean) as ChangeNamespace[],
    );
    follower.start();
    return () => follower.stop();
  }, [client, connection, queries, namespaces]);
}

/** Starts a connection for a page without a live feed, and stops it when the page closes. */
export function useConnection(connection: LiveConnection): void {
  useEffect(() => {
    connection.start();
    const networkChanged = () => connection.networkChanged();
    window.addEventListener("online", networkChanged);
    window.addEventListener("offline", networkChanged);
    return () => {
      window.removeEventListener("online", networkChanged);
      window.removeEventListener("offline", networkChanged);
      connection.stop();
    };
  }, [connection]);
}

/** A connection that carries changes and no readings. Call it in the browser only. */
export function createChangeConnection(tokens: TokenSource): LiveConnection {
  const nothing = () => undefined;
  const events = { frame: nothing, subscribed: nothing, lost: nothing, device: nothing };
  return new LiveConnection(browserPorts(tokens), new ServerClock(), events);
}

function allowed(queries: ChangedQueries, can: Can): ChangeNamespace[] {
  return (Object.keys(queries) as ChangeNamespace[]).filter((one) => can(CHANGE_NAMESPACES[one]));
}
