// The ledger of a device as sums that a person can check. Pure functions.
import { pageTexts } from "@/i18n/page-texts";
import type { Epoch } from "@/contracts/http";

export type Sums = {
  /** Sequence numbers that the device has assigned. */
  readonly produced: number;
  readonly stored: number;
  readonly refused: number;
  readonly dropped: number;
  /** Numbers that have not arrived. They are still on the device, or on their way. */
  readonly missing: number;
  /** Stored readings that retention or a person deleted later. Part of `stored`. */
  readonly removed: number;
  /** Every number is settled, and the ledger agrees with a count of the stored readings. */
  readonly isComplete: boolean;
  /** Ledger and count agree. Otherwise the sums prove nothing. */
  readonly isCounted: boolean;
};

export function sumsOf(epochs: readonly Epoch[]): Sums {
  const add = (pick: (epoch: Epoch) => number) => epochs.reduce((sum, epoch) => sum + pick(epoch), 0);
  return {
    produced: add(({ next }) => next),
    stored: add(({ stored }) => stored),
    refused: add(({ refused }) => refused),
    dropped: add(({ dropped }) => dropped),
    missing: add(missingIn),
    removed: add(({ removed }) => removed),
    isComplete: epochs.every(({ complete }) => complete),
    isCounted: epochs.every(({ counted }) => counted),
  };
}

/** How many numbers of an epoch have not arrived. The ranges are `[first, end)`. */
export function missingIn({ missing }: Epoch): number {
  return missing.reduce((sum, [from, to]) => sum + (Number(to) - Number(from)), 0);
}

/** The proof in one sentence. */
export function proofText(sums: Sums): string {
  const { stored, refused, dropped, missing, isComplete, isCounted } = sums;
  const t = pageTexts("devices.proof");
  const counts = t("counts", { stored, refused, dropped, missing });
  if (!isCounted) return t("differs", { counts });
  return isComplete ? t("complete", { counts }) : t("waiting", { counts });
}

export type Segment = {
  readonly kind: "stored" | "refused" | "dropped" | "missing";
  readonly count: number;
  /** Of the bar, from 0 to 1. */
  readonly share: number;
};

/** The parts of an epoch's bar, without empty ones. */
export function segmentsOf(epoch: Epoch): Segment[] {
  const counts = {
    stored: epoch.stored,
    refused: epoch.refused,
    dropped: epoch.dropped,
    missing: missingIn(epoch),
  };
  const total = Math.max(
    1,
    Object.values(counts).reduce((sum, count) => sum + count, 0),
  );
  return (Object.keys(counts) as Segment["kind"][])
    .map((kind) => ({ kind, count: counts[kind], share: counts[kind] / total }))
    .filter(({ count }) => count > 0);
}
