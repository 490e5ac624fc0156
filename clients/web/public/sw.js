// The service worker: shows the offline page when a page cannot be loaded because the network or the server is away.
// It keeps one page with its files, and answers no other request.
const CACHE = "pulse-offline";
const PAGE = "/offline";
const LOGO = "/api/users/brand/logo";
const FILE = /(?:\/_next\/static\/|\/api\/users\/brand\/logo\b)[^"'\s\\<>)]*/g;

self.addEventListener("install", (event) => {
  event.waitUntil(keepOfflinePage().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.registration.navigationPreload?.enable());
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(loadPage(event));
  else if (isFile(request)) event.respondWith(loadFile(request));
});

async function loadPage(event) {
  try {
    const response = (await event.preloadResponse) ?? (await fetch(event.request));
    // The language, the theme or the release may have changed.
    event.waitUntil(keepOfflinePage().catch(() => undefined));
    return response;
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

function isFile({ method, url }) {
  const { origin, pathname } = new URL(url);
  const isKnown = pathname === LOGO || pathname.startsWith("/_next/static/");
  return method === "GET" && origin === self.location.origin && isKnown;
}

/** Their addresses change with their contents, so a kept one is never outdated. */
async function loadFile(request) {
  return (await (await caches.open(CACHE)).match(request)) ?? fetch(request);
}

/** Loads the page and the files that it names, then forgets the files of the page before. */
async function keepOfflinePage() {
  const response = await fetch(PAGE, { cache: "no-store" });
  if (!response.ok) throw new Error(`${PAGE}: ${response.status}`);
  const files = new Set((await response.clone().text()).match(FILE) ?? []);
  const cache = await caches.open(CACHE);
  for (const file of files) if (!(await cache.match(file))) await cache.add(file);
  await cache.put(PAGE, response);
  for (const request of await cache.keys()) {
    const { pathname, search } = new URL(request.url);
    if (pathname !== PAGE && !files.has(pathname + search)) await cache.delete(request);
  }
}
