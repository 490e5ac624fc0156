import { expect, it } from "vitest";
import type { MirrorDetail, MirroredAccount } from "@/contracts/http";
import { cellState, matrixOf, pendingOf } from "./cells";

const entry = (changes: Partial<MirroredAccount> = {}): MirroredAccount => ({
  account: "1",
  name: "Ada",
  email: "ada@example.org",
  role: "user",
  state: "live",
  version: 3,
  has: 3,
  has_verifier: true,
  is_acknowledged: true,
  acknowledged: "2026-11-26T14:00:00Z",
  changed: "2026-11-26T13:00:00Z",
  ...changes,
});

const mirror = (device: string, accounts: MirroredAccount[]) =>
  ({ device, accounts }) as unknown as MirrorDetail;

it.each([
  ["up-to-date", entry()],
  ["on-its-way", entry({ is_acknowledged: false })],
  ["no-verifier", entry({ has_verifier: false })],
  ["end-unconfirmed", entry({ state: "revoked", is_acknowledged: false })],
  ["ended", entry({ state: "revoked" })],
  ["none", undefined],
])("is %s", (state, found) => {
  expect(cellState(found)).toBe(state);
});

it("has a row for each account, and names deleted ones", () => {
  const rows = matrixOf([
    mirror("b", [entry(), entry({ account: "2", name: null, email: null, role: null, state: "revoked" })]),
    mirror("a", [entry({ is_acknowledged: false })]),
  ]);
  expect(rows.map(({ name, cells }) => [name, cells])).toEqual([
    ["Ada", { b: "up-to-date", a: "on-its-way" }],
    ["Deleted account", { b: "ended" }],
  ]);
});

it("lists what a collector has not acknowledged, oldest first", () => {
  const waiting = [
    entry({ account: "1", is_acknowledged: false, changed: "2026-11-26T13:00:00Z" }),
    entry({ account: "2", is_acknowledged: false, changed: "2026-11-26T12:00:00Z" }),
    entry({ account: "3" }),
  ];
  expect(pendingOf(mirror("a", waiting)).map(({ account }) => account)).toEqual(["2", "1"]);
});
