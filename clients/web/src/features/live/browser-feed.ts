// Connects the live feed to the browser: socket, timers, network state.
import { io } from "socket.io-client";
import type { History } from "@/contracts/http";
import { NAMESPACE, type DeviceChanged } from "@/contracts/live";
import type { ApiClient, TokenSource } from "@/lib/api/api-client";
import type { LiveSocket } from "./connection/connection";
import { LiveFeed } from "./live-feed";

const CONNECT_TIMEOUT_MS = 8_000;

export type BrowserFeedSettings = {
  api: ApiClient;
  tokens: TokenSource;
  deviceChanged: (change: DeviceChanged) => void;
};

/** A feed from this page's origin. Call it in the browser only. */
export function createBrowserFeed({ api, tokens, deviceChanged }: BrowserFeedSettings): LiveFeed {
  return new LiveFeed({
    tokens,
    deviceChanged,
    openSocket: (auth): LiveSocket =>
      io(NAMESPACE, {
        path: "/socket.io",
        transports: ["websocket"],
        autoConnect: false,
        // LiveConnection reconnects itself, so that the page can show the countdown.
        reconnection: false,
        forceNew: true,
        timeout: CONNECT_TIMEOUT_MS,
        auth,
      }),
    nowMs: () => Date.now(),
    random: Math.random,
    isOnline: () => navigator.onLine,
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    every: (ms, work) => {
      const timer = setInterval(work, ms);
      return () => clearInterval(timer);
    },
    // Without `raw` the answer is thinned readings.
    fetchHistory: (id, { from, to, points }, signal) =>
      api.get("/api/telemetry/series/{series_id}/readings", {
        path: { series_id: id },
        query: { from: Math.floor(from), to: Math.ceil(to), points },
        signal,
      }) as Promise<History>,
  });
}
