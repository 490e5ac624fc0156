// When to reconnect.

const FIRST_MS = 500;
const MAX_MS = 15_000;

/**
 * Milliseconds before attempt number `attempt`; 0 is the first. The delay doubles up to a limit. `random`, from 0 to 1,
 * spreads it, so that tabs do not reconnect at the same time.
 */
export function reconnectDelay(attempt: number, random: number): number {
  const ceiling = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + random / 2));
}

/** Whole seconds until `at`, for display. At least 1, so that the page never shows "in 0 s". */
export function countdownSeconds(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1_000));
}
