// Registers public/sw.js, which shows the offline page when a page cannot be loaded.

/** Does nothing where browsers allow no service worker: over plain HTTP, except on the same machine. */
export function registerServiceWorker(): void {
  // A browser may forbid it, for example in a private window. The pages work without it.
  navigator.serviceWorker?.register("/sw.js").catch(() => undefined);
}
