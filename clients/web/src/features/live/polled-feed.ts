// A feed for pages without a session: the readings of one share link, asked for every few seconds.
import type { History } from "@/contracts/http";
import { ApiError, publicApi } from "@/lib/api/api-client";
import { PolledSocket } from "./connection/polled-socket";
import { LiveFeed } from "./live-feed";

export type PolledFeedSettings = {
  /** The token of the share link. */
  token: string;
  /** How far the server's clock is ahead of this computer's, in µs. */
  clockAheadUs: () => number;
  /** See `PollPorts`. */
  aheadOf: (series: number) => number;
  /** The link is not valid any more. */
  ended: () => void;
};

// The late readings of a device that was offline come with the next full load.
const RELOAD_EVERY_MS = 60_000;
const MOST_POINTS = 2_000;

/** Call it in the browser only. */
export function createPolledFeed({ token, clockAheadUs, aheadOf, ended }: PolledFeedSettings): LiveFeed {
  const noToken = () => Promise.resolve("");
  const nowMs = () => Date.now() + clockAheadUs() / 1_000;
  const every = (ms: number, work: () => void) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  };
  const asked = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      // The panels may have changed too: both are seen when the dashboard is loaded again.
      if (error instanceof ApiError && error.status === 404) ended();
      throw error;
    }
  };
  return new LiveFeed({
    tokens: { token: noToken, renew: noToken },
    deviceChanged: () => {},
    openSocket: () =>
      new PolledSocket({
        nowUs: () => Math.round(nowMs() * 1_000),
        aheadOf,
        every,
        fetchNew: async (series, { from, to, points }) => {
          const query = { series: series.join(), from: Math.floor(from), to: Math.ceil(to), points };
          const answer = publicApi.get("/api/telemetry/shared/readings", { query, shareToken: token });
          return (await asked(answer)).items as readonly History[];
        },
      }).asSocket(),
    nowMs: () => Date.now(),
    random: Math.random,
    isOnline: () => navigator.onLine,
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    every,
    mostPoints: MOST_POINTS,
    reloadEveryMs: RELOAD_EVERY_MS,
    fetchHistory: (id, { from, to, points }, signal) =>
      asked(
        publicApi.get("/api/telemetry/shared/series/{series_id}/readings", {
          path: { series_id: id },
          query: { from: Math.floor(from), to: Math.ceil(to), points: Math.min(points, MOST_POINTS) },
          shareToken: token,
          signal,
        }),
      ) as Promise<History>,
  });
}
