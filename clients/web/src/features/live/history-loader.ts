// Loads stored readings of many series: a few at a time, with retries after temporary failures.
import type { History } from "@/contracts/http";
import { ApiError } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";

export type HistoryState =
  | { status: "idle" }
  | { status: "loading" }
  | { status: "ready" }
  | { status: "denied" }
  | { status: "failed"; detail: string };

export type HistoryRequest = { series: readonly number[]; from: number; to: number; points: number };

export type FetchHistory = (
  series: number,
  range: { from: number; to: number; points: number },
  signal: AbortSignal,
) => Promise<History>;

const CONCURRENT = 4;
const RETRY_MS = [500, 2_000, 5_000] as const;

/** Loads each series and passes it to `onLoaded`. Returns `ready`, `denied` or `failed`. */
export async function loadHistory(
  request: HistoryRequest,
  fetchHistory: FetchHistory,
  onLoaded: (history: History) => void,
  signal: AbortSignal,
): Promise<HistoryState> {
  const { series, ...range } = request;
  const queue = [...series];
  const worker = async () => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const history = await withRetries(() => fetchHistory(id, range, signal), signal);
      if (signal.aborted) return;
      onLoaded(history);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENT }, worker));
    return { status: "ready" };
  } catch (error) {
    queue.length = 0;
    if (error instanceof ApiError && error.status === 403) return { status: "denied" };
    return { status: "failed", detail: explain(error) };
  }
}

async function withRetries<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const wait of RETRY_MS) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || !error.isTemporary) throw error;
      await sleep((error.retryAfterSeconds ?? 0) * 1_000 || wait, signal);
    }
  }
  return work();
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake);
  });
}
