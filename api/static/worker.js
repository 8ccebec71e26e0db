/* Opens the page of residents without a network: what was there last is shown then, and what it loads. */
const SHELF = 'gridmap-report-1';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));
self.addEventListener('message', event => event.waitUntil(caches.open(SHELF).then(shelf => shelf.addAll(event.data))));

async function fresh(request) {
  const shelf = await caches.open(SHELF);
  try {
    const answer = await fetch(request);
    if (answer.ok) await shelf.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = (await shelf.match(request)) ?? (request.mode === 'navigate' ? await shelf.match(request, { ignoreSearch: true }) : null);
    if (kept) return kept;
    throw error;
  }
}

// The address of a script or style changes with what it leads to.
async function kept(request) {
  return (await (await caches.open(SHELF)).match(request)) ?? fresh(request);
}

self.addEventListener('fetch', event => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin) return;
  if (pathname === '/report' || pathname === '/report/outline') event.respondWith(fresh(event.request));
  else if (pathname.startsWith('/static/')) event.respondWith(kept(event.request));
});
