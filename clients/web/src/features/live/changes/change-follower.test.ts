import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ChangeNamespace } from "@/contracts/live";
import type { ConnectionState } from "../connection/connection";
import { SocketTwin } from "../connection/socket-twin";
import { ChangeFollower, REST_MS, type Change, type ChangeSocket } from "./change-follower";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const LIVE: ConnectionState = { kind: "live", rttMs: null, isSlow: false };
const LOST: ConnectionState = { kind: "reconnecting", atMs: null };

function setUp() {
  const socket = new SocketTwin(() => undefined);
  const listeners = new Set<() => void>();
  const told: { namespace: ChangeNamespace; ids: string[] | null; rules: boolean }[] = [];
  const followed: boolean[] = [];
  const connection = {
    state: { kind: "connecting" } as ConnectionState,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    channel: () => socket as unknown as ChangeSocket,
  };
  const become = (state: ConnectionState) => {
    connection.state = state;
    for (const listener of listeners) listener();
  };
  const follower = new ChangeFollower(
    {
      connection,
      after: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
      changed: (namespace, { ids, rules }: Change) =>
        told.push({ namespace, ids: ids ? [...ids] : null, rules }),
      followed: (_, isFollowed) => followed.push(isFollowed),
    },
    ["/people"],
  );
  follower.start();
  return { socket, told, followed, follower, become };
}

const everything = { namespace: "/people", ids: null, rules: true };
const changed = (...ids: string[]) => ({ namespace: "/people", ids, rules: false });

it("joins once the connection is live, and reports that anything may have changed", () => {
  const { socket, told, followed, become } = setUp();
  expect(socket.active).toBe(false);
  become(LIVE);
  expect(socket.active).toBe(true);
  socket.accept();
  expect(followed).toEqual([true]);
  expect(told).toEqual([everything]);
});

it("reports the first change at once, and merges those that follow it", () => {
  const { socket, told, become } = setUp();
  become(LIVE);
  socket.accept();
  vi.advanceTimersByTime(REST_MS);
  told.length = 0;
  socket.fire("changed", { ids: ["a"], rules: false });
  expect(told).toEqual([changed("a")]);
  socket.fire("changed", { ids: ["b"], rules: false });
  socket.fire("changed", { ids: ["b", "c"], rules: false });
  expect(told).toHaveLength(1);
  vi.advanceTimersByTime(REST_MS);
  expect(told).toEqual([changed("a"), changed("b", "c")]);
});

it("reports everything when the gateway has left out changes", () => {
  const { socket, told, become } = setUp();
  become(LIVE);
  socket.accept();
  socket.fire("changed", { ids: ["a"], rules: false });
  socket.fire("reload");
  vi.advanceTimersByTime(REST_MS);
  expect(told).toEqual([everything, everything]);
});

it("leaves when the connection is lost, and reports everything after the next", () => {
  const { socket, told, followed, become } = setUp();
  become(LIVE);
  socket.accept();
  become(LOST);
  expect(socket.active).toBe(false);
  expect(followed).toEqual([true, false]);
  become(LIVE);
  socket.accept();
  expect(told).toEqual([everything, everything]);
});

it("tries again after a refusal that passes by itself, and not after one that stays", () => {
  const { socket, become } = setUp();
  become(LIVE);
  socket.refuse("unavailable");
  expect(socket.active).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect(socket.active).toBe(true);
  socket.refuse("forbidden");
  vi.advanceTimersByTime(60_000);
  expect(socket.active).toBe(false);
});

it("reports nothing after it has stopped", () => {
  const { socket, told, follower, become } = setUp();
  become(LIVE);
  socket.accept();
  socket.fire("changed", { ids: ["a"], rules: false });
  follower.stop();
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([everything]);
  expect(socket.active).toBe(false);
});

it("joins again after the gateway has removed it, unless that refuses it for good", () => {
  const { socket, told, followed, become } = setUp();
  become(LIVE);
  socket.accept();
  socket.active = false;
  socket.fire("disconnect", "io server disconnect");
  expect(followed).toEqual([true, false]);
  vi.advanceTimersByTime(5_000);
  expect(socket.active).toBe(true);
  socket.accept();
  expect(followed).toEqual([true, false, true]);
  expect(told).toEqual([everything, everything]);
  socket.active = false;
  socket.fire("disconnect", "io server disconnect");
  vi.advanceTimersByTime(5_000);
  socket.refuse("forbidden");
  vi.advanceTimersByTime(60_000);
  expect(socket.active).toBe(false);
});
