// Set-up of tests that render components.
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

/** How long a test waits for a state before it fails. No test waits this long when it passes. */
const PATIENCE_MS = 60_000;

/** Call it once in a test file. Removes what a test rendered, and adds what Radix needs and jsdom does not have. */
export function setUpComponentTests(): void {
  configure({ asyncUtilTimeout: PATIENCE_MS });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  Element.prototype.scrollIntoView = () => {};
  Element.prototype.hasPointerCapture = () => false;
  afterEach(cleanup);
}
