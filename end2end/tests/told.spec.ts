import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { newStudent } from '../support/people';
import { atNow, loads, open } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

const box = (page: Page, topic: string, way: string) =>
  page.getByRole('checkbox', { name: `${t(`mails.${topic}`)} ${t(`mails.${way}`)}`, exact: true });

test('one chooses by which ways one is told of what, and when not @phone @plain', async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const page = await person(await newStudent(server));
  await open(page, '/settings');
  await expect(box(page, 'lessons', 'by_mail'), 'what was agreed is always mailed').toHaveCount(0);
  await box(page, 'reminders', 'by_mail').uncheck();
  await box(page, 'messages', 'by_notice').uncheck();
  const save = (place: string) => page.locator(place).getByRole('button', { name: t('site.save') });
  await loads(page, () => save('#mails').click());
  await expect(page).toHaveURL(/saved=1/);
  await expect(box(page, 'reminders', 'by_mail')).not.toBeChecked();
  await expect(box(page, 'messages', 'by_notice')).not.toBeChecked();
  await expect(box(page, 'reminders', 'by_notice')).toBeChecked();

  const quiet = page.locator('#quiet');
  await quiet.getByLabel(t('mails.quiet_from')).fill('22:00');
  await save('#quiet').click();
  await expect(page.locator('#until-error')).toContainText(t('error.quiet_time'));
  await quiet.getByLabel(t('mails.quiet_until')).fill('07:00');
  await loads(page, () => save('#quiet').click());
  await expect(page).toHaveURL(/saved=1/);
  await expect(quiet.getByLabel(t('mails.quiet_until'))).toHaveValue('07:00');
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
});

/** The browser's part of push, without a push service: the sandbox has none. The example of RFC 8291 gives the keys. */
function withoutPushService(): void {
  const endpoint = 'http://127.0.0.1:9/push';
  const keys = {
    p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  };
  const given = {
    endpoint,
    toJSON: () => ({ endpoint, keys }),
    unsubscribe: () => Promise.resolve(localStorage.removeItem('subscribed')),
  };
  Object.assign(PushManager.prototype, {
    getSubscription: () => Promise.resolve(localStorage.getItem('subscribed') === null ? null : given),
    subscribe: (options: PushSubscriptionOptionsInit) => {
      localStorage.setItem('subscribed', String(options.applicationServerKey));
      return Promise.resolve(given);
    },
  });
}

test('a device is told once its person wants that', async ({ server, person }) => {
  const page = await person(await newStudent(server));
  await page.context().grantPermissions(['notifications']);
  await page.addInitScript(withoutPushService);
  await open(page, '/settings');
  const push = page.locator('#push');
  const status = push.getByRole('status');
  await expect(status).toHaveText(t('push.off'));
  await push.getByRole('button', { name: t('push.begin') }).click();
  await expect(status).toHaveText(t('push.on'));
  const key = await page.evaluate(() => localStorage.getItem('subscribed'));
  expect(key, 'the server’s key').toMatch(/^B[\w-]{86}$/);
  await page.reload();
  await expect(status).toHaveText(t('push.on'));
  await expect(push.getByText(t('push.browsers', { count: 1 }))).toBeVisible();
  await expectAccessible(page);

  const worker = page.context().serviceWorkers()[0] ?? (await page.context().waitForEvent('serviceworker'));
  expect(new URL(worker.url()).pathname).toBe('/sw.js');
  const shown = await worker.evaluate(async () => {
    const scope = globalThis as unknown as { registration: ServiceWorkerRegistration };
    const told = { sentence: 'A lesson is booked', page: '/notices', tag: 'a' };
    for (const data of [JSON.stringify(told), 'no JSON', JSON.stringify(told)]) {
      const event = new Event('push') as Event & { data?: unknown; waitUntil?: unknown };
      const waits: Promise<unknown>[] = [];
      Object.assign(event, { data: { json: () => JSON.parse(data) }, waitUntil: (wait: Promise<unknown>) => waits.push(wait) });
      globalThis.dispatchEvent(event);
      await Promise.all(waits);
    }
    const notifications = await scope.registration.getNotifications();
    return notifications.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
  });
  expect(shown).toEqual([{ title: 'Lectern', body: 'A lesson is booked', tag: 'a', data: { page: '/notices' } }]);

  await push.getByRole('button', { name: t('push.end'), exact: true }).click();
  await expect(status).toHaveText(t('push.off'));
  await page.reload();
  await expect(push.getByText(t('push.browsers', { count: 1 }))).toHaveCount(0);
});
