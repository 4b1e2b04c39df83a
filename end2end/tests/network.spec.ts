import type { Page } from '@playwright/test';
import { query } from '../support/database';
import { expect, hydrated, test } from '../support/fixtures';
import { asksToConfirm, book, bookings, call, newStudent, newTutor, tokenOf } from '../support/people';
import { atNow, later, LESSON, open, openDay, slot, startsWith } from '../support/steps';
import { clockIn, dateIn, texts } from '../support/texts';

const t = texts('en');
const ZONE = 'Pacific/Auckland';
test.beforeEach(atNow);

test('a page that keeps up says that the connection is lost, and recovers by itself', async ({ server, person, watch }) => {
  watch.allow(/ERR_INTERNET_DISCONNECTED/);
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  const page = await person(tutor);
  await page.goto('/tutor');
  await expect(page.getByText(t('console.none'), { exact: true })).toBeVisible();
  await hydrated(page);
  await page.context().setOffline(true);
  const line = page.getByRole('status').filter({ hasText: t('site.offline') });
  await expect(line).toBeVisible();

  // What happens meanwhile is not missed.
  await book(server, student, tutor, LESSON);
  await page.context().setOffline(false);
  await expect(line).toHaveCount(0);
  await expect(page.locator('#lessons li').filter({ hasText: student.name })).toBeVisible();
});

test('ten tabs share one stream, and another tab takes it over', async ({ server, person }) => {
  const streams = async () => /^lectern_live_streams (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];
  const [tutor, first, second] = [await newTutor(server), await newStudent(server), await newStudent(server)];
  const page = await person(tutor);
  await open(page, '/tutor');
  const others: Page[] = [];
  for (let tab = 1; tab < 10; tab++) {
    others.push(await page.context().newPage());
    await open(others[tab - 1]!, '/tutor');
  }
  await expect.poll(streams).toBe('1');
  await book(server, first, tutor, LESSON);
  for (const tab of [page, ...others]) {
    await expect(tab.locator('#lessons li').filter({ hasText: first.name })).toBeVisible();
  }
  // The tab that has the stream goes; what happens next reaches the others all the same.
  await page.close();
  await book(server, second, tutor, later(LESSON, 60));
  for (const tab of others) {
    await expect(tab.locator('#lessons li').filter({ hasText: second.name })).toBeVisible();
  }
  await expect.poll(streams).toBe('1');
});

test('a tab that wakes late hears what was told meanwhile', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const first = await person(tutor);
  await open(first, '/tutor');
  const late = await first.context().newPage();
  let wake = () => {};
  const woken = new Promise<void>((resolve) => (wake = resolve));
  await late.route('**/*.wasm', async (route) => {
    await woken;
    await route.continue();
  });
  await late.goto('/tutor', { waitUntil: 'commit' });
  await expect(late.getByText(t('console.none'), { exact: true })).toBeVisible();
  await book(server, student, tutor, LESSON);
  const lesson = (page: Page) => page.locator('#lessons li').filter({ hasText: student.name });
  await expect(lesson(first)).toBeVisible();
  // The last that is told of it.
  await expect(first.locator('#bell').getByRole('link', { name: t('notices.unread', { count: 1 }) })).toBeVisible();
  await expect(lesson(late)).toHaveCount(0);
  wake();
  await expect(lesson(late)).toBeVisible();
});

test('a start that is chosen without a connection is told, and goes on once there is one', async ({ server, person, watch }) => {
  watch.allow(/ERR_INTERNET_DISCONNECTED/);
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}`);
  await openDay(page, ZONE, LESSON);
  await page.context().setOffline(true);
  await slot(page, LESSON).click();
  await expect(page.getByRole('alert').filter({ hasText: t('calendar.unreachable') })).toBeVisible();
  await page.context().setOffline(false);
  await slot(page, LESSON).click();
  await page.waitForURL(/hold=/);
});

test('a start that is pressed while another day is fetched is held', async ({ server, person }) => {
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}`);
  await openDay(page, ZONE, LESSON);
  let answer = () => {};
  const pressed = new Promise<void>((resolve) => (answer = resolve));
  await page.route(`**/tutors/${tutor.slug}?*`, async (route) => {
    await pressed;
    await route.continue();
  });
  const next = dateIn(ZONE, later(LESSON, 24 * 60));
  await page.locator(`td[data-date="${next}"]`).getByRole('link').click();
  await expect(page.locator('.calendar-island')).toHaveAttribute('aria-busy');
  await slot(page, LESSON).click();
  await page.waitForURL(/hold=/);
  answer();
  await hydrated(page);
  await expect(page.locator('main')).toContainText(clockIn('en', ZONE, LESSON));
});

test('a form that is sent without a connection keeps what was typed', async ({ server, page, watch }) => {
  watch.allow(/ERR_INTERNET_DISCONNECTED/);
  const student = await newStudent(server);
  await open(page, '/login');
  const email = page.getByRole('textbox', { name: t('account.email') });
  await email.fill(student.email);
  await page.getByLabel(startsWith(t('account.password'))).fill(student.password);
  await page.context().setOffline(true);
  const enter = page.getByRole('main').getByRole('button', { name: t('account.login_title') });
  await enter.click();
  await expect(page.getByRole('alert').filter({ hasText: t('site.unreachable') })).toBeVisible();
  await expect(email).toHaveValue(student.email);
  await page.context().setOffline(false);
  await enter.click();
  await page.waitForURL(/\/dashboard$/);
});

test('a form that a browser brings back as it was left can be sent again', async ({ server, page }) => {
  const student = await newStudent(server);
  await open(page, '/login');
  const signIn = async (): Promise<void> => {
    await page.getByRole('textbox', { name: t('account.email') }).fill(student.email);
    await page.getByLabel(startsWith(t('account.password'))).fill(student.password);
    await page.getByRole('main').getByRole('button', { name: t('account.login_title') }).click();
  };
  await page.route('**/do/sign_in*', () => {});
  await signIn();
  const underWay = page.getByRole('main').locator('form[aria-busy=true]');
  await expect(underWay).toHaveCount(1);
  // What Chromium does when one goes back; those of the journeys keep no pages.
  const again = page.waitForEvent('domcontentloaded');
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await again;
  await hydrated(page);
  await expect(underWay).toHaveCount(0);
  await page.unroute('**/do/sign_in*');
  await signIn();
  await page.waitForURL(/\/dashboard$/);
});

test('what is pressed is not exchanged before it is released', async ({ server, person }) => {
  const tutor = await newTutor(server);
  const [first, second] = [await newStudent(server), await newStudent(server)];
  await query(server.database, asksToConfirm, [tutor.id]);
  await book(server, first, tutor, LESSON);
  const page = await person(tutor);
  await open(page, '/tutor/requests');
  const accept = (who: typeof first) => page.getByRole('button', { name: `${t('lesson.accept')}: ${who.name}` });
  await accept(first).hover();
  await page.mouse.down();
  await book(server, second, tutor, later(LESSON, 60));
  await expect(page.locator('#requests')).toHaveAttribute('data-stale');
  await page.mouse.up();
  await expect(accept(first)).toHaveCount(0);
  await expect(accept(second)).toBeVisible();
  expect((await bookings(server, first)).map((booking) => booking.status)).toEqual(['confirmed']);
});

test('what is typed stays while something else on the page changes', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const taught = await book(server, student, tutor, LESSON);
  const first = await book(server, student, tutor, later(LESSON, 24 * 60));
  const second = await book(server, student, tutor, later(LESSON, 25 * 60));
  for (const who of [student, tutor]) {
    await server.setClock(LESSON);
    await call(server, 'POST', `/api/v2/bookings/${taught.id}/join`, {}, await tokenOf(server, who));
  }
  await server.setClock(later(LESSON, 60));
  await server.tick();
  const page = await person(student);
  await open(page, `/lessons/${taught.id}`);
  const words = page.locator('#rate').getByRole('textbox');
  await words.fill('She waited for my questions.');
  const bell = page.locator('#bell').getByRole('link');
  const rings = async (lost: string): Promise<void> => {
    const before = (await bell.getAttribute('aria-label')) ?? '';
    await call(server, 'DELETE', `/api/v2/bookings/${lost}`, {}, await tokenOf(server, tutor));
    await expect(bell).not.toHaveAttribute('aria-label', before);
  };
  await rings(first.id);
  await page.getByRole('heading', { level: 1 }).click();
  await rings(second.id);
  await expect(words).toHaveValue('She waited for my questions.');
});
