import type { BrowserContext, Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, MEETINGS, test, type Server } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf, type Account } from '../support/people';
import { answerMeetings, atNow, comeBack, later, LESSON, open } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

/** What the network refuses while the journey wants it so, and the meetings to which it leads. */
const AWAY = new RegExp(`ERR_FAILED|ERR_INTERNET_DISCONNECTED|502|request to another site: https://${MEETINGS}/`);

interface Seen {
  kind: string;
  party: string;
  source: string;
  at: string;
  told_at?: string;
}

/** Who came, as the API tells it. */
async function evidence(server: Server, who: Account, id: string): Promise<Seen[]> {
  const token = await tokenOf(server, who);
  const charge = await call<{ evidence: Seen[] }>(server, 'GET', `/api/v2/bookings/${id}/charge`, undefined, token);
  return charge.evidence;
}

/** Counts the requests of a browser to an address from now on. */
function counted(context: BrowserContext, path: string): () => number {
  let count = 0;
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === path) count += 1;
  });
  return () => count;
}

const button = (page: Page) => page.getByRole('button', { name: t('lesson.join'), exact: true });

/** Comes to the page of a lesson as joining opens, and waits until it has the address. */
async function arrive(server: Server, page: Page, id: string): Promise<void> {
  await answerMeetings(page);
  await server.setClock(later(LESSON, -5));
  const given = page.waitForResponse('**/do/look_ahead');
  await open(page, `/lessons/${id}`);
  const answer = await given;
  expect(answer.ok()).toBe(true);
  await answer.finished();
  // The page takes it in a turn after that.
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
}

/** Presses the button and follows into the meeting; the tab knows nothing of the page that opened it. */
async function press(page: Page): Promise<void> {
  const [tab] = await Promise.all([page.waitForEvent('popup'), button(page).click()]);
  await tab.waitForURL(`https://${MEETINGS}/**`);
  expect(await tab.evaluate(() => window.opener as unknown)).toBeNull();
  await tab.close();
}

test('the link is fetched five minutes before, and opened though the server is away', { tag: '@phone' }, async ({ server, person, watch }) => {
  watch.allow(AWAY);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(student);
  const [looked, told] = [counted(page.context(), '/do/look_ahead'), counted(page.context(), '/do/tell_join')];
  await answerMeetings(page);
  await server.setClock(later(LESSON, -6));
  await open(page, `/lessons/${id}`);
  await comeBack(page);
  await expect(button(page)).toBeDisabled();
  expect(looked(), 'nothing is fetched before').toBe(0);

  const given = page.waitForResponse('**/do/look_ahead');
  await server.setClock(later(LESSON, -5));
  await comeBack(page);
  expect((await given).ok()).toBe(true);
  await expect(button(page)).toBeEnabled();
  expect(await evidence(server, student, id), 'to fetch it is no join').toEqual([]);

  const away = `${server.url}/**`;
  await page.context().route(away, (route) => route.abort());
  await press(page);
  const notice = page.getByRole('alert').filter({ hasText: t('lesson.join_ahead') });
  await expect(notice).toContainText(t('lesson.join_ahead_text'));
  await expect(notice.getByRole('link', { name: t('lesson.meeting_link') })).toHaveAttribute('rel', /noopener/);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  expect(await evidence(server, student, id)).toEqual([]);

  await page.context().unroute(away);
  // The longest wait between two tries is half a minute.
  await expect(page.getByText(t('lesson.join_told'))).toBeVisible({ timeout: 90_000 });
  await expect(page.locator('#lesson').getByText(t('lesson.attendance_joined', { name: student.name }))).toBeVisible();
  const at = later(LESSON, -5);
  const seen = { kind: 'join', party: 'student', source: 'browser', at, told_at: at };
  expect(await evidence(server, student, id)).toMatchObject([seen]);

  // It is forgotten once it is told.
  const before = told();
  await open(page, `/lessons/${id}`);
  await comeBack(page);
  expect(told()).toBe(before);
  expect(await evidence(server, student, id)).toHaveLength(1);
});

test('a join is told once, also after a reload', async ({ server, person, watch }) => {
  watch.allow(AWAY);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(student);
  await arrive(server, page, id);
  // A server that never answers: it is waited for three seconds.
  await page.route('**/do/join_lesson', () => {});
  await page.route('**/do/tell_join', (route) => route.abort());
  const since = Date.now();
  await press(page);
  expect(Date.now() - since).toBeGreaterThan(2_900);
  await expect(page.getByText(t('lesson.join_ahead'))).toBeVisible();
  await open(page, `/lessons/${id}`);
  expect(await evidence(server, student, id)).toEqual([]);

  // Its answer is lost: told again, it is the same. No page tells before the next one is open.
  await page.goto('about:blank');
  let lost = 0;
  await page.unroute('**/do/tell_join');
  await page.route('**/do/tell_join', async (route) => {
    lost += 1;
    const answer = await route.fetch();
    await (lost === 1 ? route.abort() : route.fulfill({ response: answer }));
  });
  await server.setClock(LESSON);
  await open(page, '/dashboard');
  await expect(page.getByText(t('lesson.join_told'))).toBeVisible();
  expect(lost).toBe(2);
  const seen = { party: 'student', source: 'browser', at: later(LESSON, -5), told_at: LESSON };
  const found = await evidence(server, student, id);
  expect(found).toMatchObject([seen]);
});

test('a click whose answer was lost is on record once', async ({ server, person, watch }) => {
  watch.allow(AWAY);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(tutor);
  await arrive(server, page, id);
  // What stands before the server gave up waiting for it.
  await page.route('**/do/join_lesson', async (route) => {
    await route.fetch();
    await route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' });
  });
  await press(page);
  await expect(page.getByText(t('lesson.join_told'))).toBeVisible();
  expect(await evidence(server, student, id)).toMatchObject([{ party: 'tutor', source: 'lectern' }]);
});

test('without a network the meeting opens all the same, and the join is told when it is back', async ({ server, person, watch }) => {
  watch.allow(AWAY);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(student);
  await arrive(server, page, id);
  await page.context().setOffline(true);
  const [tab] = await Promise.all([page.waitForEvent('popup'), button(page).click()]);
  await expect(page.getByText(t('lesson.join_ahead'))).toBeVisible();
  const link = page.getByRole('link', { name: t('lesson.meeting_link') });
  await expect(link).toHaveAttribute('href', new RegExp(`^https://${MEETINGS}/tutor${tutor.id}_booking${id}_`));
  await tab.close();
  await page.context().setOffline(false);
  await expect(page.getByText(t('lesson.join_told'))).toBeVisible();
  expect(await evidence(server, student, id)).toMatchObject([{ party: 'student', source: 'browser' }]);
});

test('a page that nobody sees has the link as joining opens', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(student);
  await server.setClock(later(LESSON, -6));
  await page.addInitScript(() => Object.defineProperty(document, 'hidden', { get: () => true }));
  await open(page, `/lessons/${id}`);
  await server.setClock(later(LESSON, -5));
  const given = page.waitForResponse('**/do/look_ahead');
  // The clock of the journeys stands: the instant comes by being named anew.
  await page.locator('#lesson').evaluate((lesson) => lesson.setAttribute('data-refresh-at', '0'));
  expect((await given).ok()).toBe(true);
  await expect(button(page)).toBeEnabled();
});

test('a refusal opens nothing, and is said', async ({ server, person, watch }) => {
  watch.allow(/403|ERR_FAILED/);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(student);
  await arrive(server, page, id);
  // Joining closes while the page shows the open door, and does not hear of it.
  await page.route(page.url(), (route) => route.abort());
  await server.setClock(later(LESSON, 75));
  const met: string[] = [];
  page.context().on('request', (request) => {
    if (new URL(request.url()).host === MEETINGS) met.push(request.url());
  });
  const [tab] = await Promise.all([page.waitForEvent('popup'), button(page).click()]);
  await expect(page.getByRole('alert').filter({ hasText: t('lesson.join_not') })).toContainText(t('error.join_too_late'));
  await expect.poll(() => tab.isClosed()).toBe(true);
  expect(met).toEqual([]);
  expect(await evidence(server, student, id)).toMatchObject([{ kind: 'join_refused', source: 'lectern' }]);
});

test('whoever signs out leaves no join behind', async ({ server, person, watch }) => {
  watch.allow(AWAY);
  // The page may be just looking ahead again when the session ends.
  watch.allow(/status of 401 .*look_ahead/);
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const { id } = await book(server, student, tutor, LESSON);
  const page = await person(student);
  await arrive(server, page, id);
  await page.route(/\/do\/(join_lesson|tell_join)$/, (route) => route.abort());
  await press(page);
  const kept = () => page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('/joins/')).length);
  expect(await kept()).toBe(1);
  await page.evaluate(() => document.querySelector<HTMLFormElement>('form[action="/do/sign_out"]')?.requestSubmit());
  await page.waitForURL((url) => !url.pathname.startsWith('/lessons'));
  expect(await kept()).toBe(0);
});
