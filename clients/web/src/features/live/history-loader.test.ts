import { expect, it, vi } from "vitest";
import type { History } from "@/contracts/http";
import { ApiError } from "@/lib/api/api-client";
import { loadHistory, type FetchHistory } from "./history-loader";

const request = { series: [1, 2, 3, 4, 5, 6, 7], from: 0, to: 10, points: 100 };
const answer = (series: number): History => ({
  series,
  from: 0,
  to: 10,
  n: 0,
  sampled: false,
  t: [],
  v: [],
  clock_suspect: false,
});

it("loads every series, four at a time", async () => {
  let inFlight = 0;
  let maxInFlight = 0;
  const fetchHistory: FetchHistory = async (series) => {
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    await Promise.resolve();
    inFlight -= 1;
    return answer(series);
  };
  const loaded: number[] = [];
  const state = await loadHistory(
    request,
    fetchHistory,
    ({ series }) => loaded.push(series),
    new AbortController().signal,
  );
  expect(state).toEqual({ status: "ready" });
  expect(loaded.sort()).toEqual(request.series);
  expect(maxInFlight).toBe(4);
});

it("retries after temporary failures", async () => {
  vi.useFakeTimers();
  let failures = 2;
  const fetchHistory: FetchHistory = async (series) => {
    if (series === 3 && failures-- > 0)
      throw new ApiError(503, "unavailable", "The database is unavailable.");
    return answer(series);
  };
  const outcome = loadHistory(request, fetchHistory, () => undefined, new AbortController().signal);
  await vi.runAllTimersAsync();
  expect(await outcome).toEqual({ status: "ready" });
  vi.useRealTimers();
});

it("returns denied at once without permission", async () => {
  const fetchHistory: FetchHistory = () => Promise.reject(new ApiError(403, "forbidden", "No."));
  const state = await loadHistory(request, fetchHistory, () => undefined, new AbortController().signal);
  expect(state).toEqual({ status: "denied" });
});

it("fails with the reason when retries do not help", async () => {
  vi.useFakeTimers();
  const fetchHistory: FetchHistory = () => Promise.reject(new ApiError(0, "unreachable", "No answer."));
  const outcome = loadHistory(request, fetchHistory, () => undefined, new AbortController().signal);
  await vi.runAllTimersAsync();
  expect(await outcome).toEqual({
    status: "failed",
    detail: "The server did not answer. Check the network and try again.",
  });
  vi.useRealTimers();
});
