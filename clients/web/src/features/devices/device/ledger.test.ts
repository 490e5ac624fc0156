import { expect, it } from "vitest";
import type { Epoch } from "@/contracts/http";
import { proofText, segmentsOf, sumsOf } from "./ledger";

const epoch = (changes: Partial<Epoch> = {}): Epoch => ({
  epoch: "1",
  ord: 1,
  next: 87_088,
  settled: [[0, 87_088]],
  stored: 87_088,
  refused: 0,
  dropped: 0,
  removed: 0,
  missing: [],
  counted: true,
  complete: true,
  ...changes,
});

it("is a proof in one sentence", () => {
  expect(proofText(sumsOf([epoch()]))).toBe(
    "stored 87,088 · refused 0 · declared lost 0 · missing 0: complete",
  );
});

it("adds up over epochs, and never calls missing readings complete", () => {
  const sums = sumsOf([
    epoch(),
    epoch({
      next: 100,
      stored: 60,
      refused: 4,
      dropped: 6,
      missing: [
        [10, 30],
        [90, 100],
      ],
      complete: false,
    }),
  ]);
  expect(sums).toMatchObject({ produced: 87_188, stored: 87_148, refused: 4, dropped: 6, missing: 30 });
  expect(sums.stored + sums.refused + sums.dropped + sums.missing).toBe(sums.produced);
  expect(proofText(sums)).toContain("missing 30: waiting for the missing ones");
});

it("says when the count of the stored readings differs", () => {
  expect(proofText(sumsOf([epoch({ counted: false, complete: false })]))).toContain("differs");
});

it("draws what there is", () => {
  const found = segmentsOf(epoch({ next: 100, stored: 75, missing: [[75, 100]], complete: false }));
  expect(found.map(({ kind, share }) => [kind, share])).toEqual([
    ["stored", 0.75],
    ["missing", 0.25],
  ]);
});
