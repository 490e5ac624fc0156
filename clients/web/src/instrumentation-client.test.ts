// The request that runs before the page has texts. Each test loads the modules again, as a page does.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import messages from "@/messages/en";

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal("location", { pathname: "/devices" });
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("BroadcastChannel", undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Loads a page whose early request gets `answer`, and starts its session when React has the texts. */
async function load(answer: () => Promise<Response>) {
  const fetch = vi.fn(answer);
  vi.stubGlobal("fetch", fetch);
  await import("@/instrumentation-client");
  await vi.advanceTimersByTimeAsync(0);
  expect(fetch).toHaveBeenCalledOnce();
  const { setPageTexts } = await import("@/i18n/page-texts");
  const { browserSession } = await import("@/features/auth/browser-session");
  setPageTexts("en", messages);
  const session = browserSession();
  session.start();
  await vi.advanceTimersByTimeAsync(0);
  return { session, fetch };
}

it("signs out at once when the early request finds no session", async () => {
  const { session, fetch } = await load(async () =>
    Response.json({ code: "not_signed_in" }, { status: 401 }),
  );
  expect(session.state).toEqual({ status: "signed-out", reason: "ended" });
  expect(fetch).toHaveBeenCalledOnce();
});

it.each([
  [429, "Too many requests"],
  [503, "The service does not answer"],
])("waits as long as auth says after status %d to the early request", async (status, problem) => {
  const headers = { "retry-after": "30" };
  const { session, fetch } = await load(async () => new Response(null, { status, headers }));
  expect(session.state).toEqual({ status: "unreachable", problem });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(fetch).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fetch).toHaveBeenCalledTimes(2);
});

it("says that the network failed when the early request got no answer", async () => {
  const { session } = await load(() => Promise.reject(new TypeError("network down")));
  expect(session.state).toEqual({ status: "unreachable", problem: "The server cannot be reached" });
});
