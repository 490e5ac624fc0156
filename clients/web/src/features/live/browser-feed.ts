// Connects the live feed to the browser: socket, timers, network state.
import type { History } from "@/contracts/http";
import type { DeviceChanged } from "@/contracts/live";
import type { ApiClient, TokenSource } from "@/lib/api/api-client";
import { browserPorts } from "./connection/browser-ports";
import { LiveFeed } from "./live-feed";

export type BrowserFeedSettings = {
  api: ApiClient;
  tokens: TokenSource;
  deviceChanged: (change: DeviceChanged) => void;
};

/** A feed from this page's origin. Call it in the browser only. */
export function createBrowserFeed({ api, tokens, deviceChanged }: BrowserFeedSettings): LiveFeed {
  return new LiveFeed({
    ...browserPorts(tokens),
    deviceChanged,
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
