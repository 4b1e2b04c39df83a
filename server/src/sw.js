// Shows what the site tells this browser, also while no page of it is open. It keeps nothing and answers no calls of
// pages.

self.addEventListener('push', (event) => {
  let told;
  try {
    told = event.data.json();
  } catch {
    return;
  }
  const { sentence, page, tag } = told;
  event.waitUntil(self.registration.showNotification('Lectern', {
    body: sentence, tag, data: { page }, icon: '/apple-touch-icon.png',
  }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const page = new URL(event.notification.data.page, self.location.origin);
  if (page.origin === self.location.origin) event.waitUntil(show(page));
});

/** Leads to the page: where it is open already, to that. */
async function show(page) {
  const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const there = open.find((client) => new URL(client.url).pathname === page.pathname);
  return there ? there.focus() : self.clients.openWindow(page.href);
}
