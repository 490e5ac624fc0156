// When to try again, and how that is said.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Milliseconds before attempt number `attempt` (0 is the first): doubling, bounded, spread so that tabs do not march. */
export function reconnectDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + random / 2));
}

/** Whole seconds to show until `at`; never below 1 while waiting, so that nobody reads "in 0 s". */
export function countdownSeconds(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1_000));
}
