import type { Page } from '@playwright/test';
import { enter, expect, hydrated, test, type Server } from '../support/fixtures';
import { asksToConfirm, book, bookings, newStudent, newTutor } from '../support/people';
import { query } from '../support/database';
import {
  atNow,
  bookingId,
  callOff,
  comeBack,
  figures,
  later,
  LESSON,
  NOW,
  open,
  openDay,
  shows,
  slot,
  span,
  withScripts,
} from '../support/steps';
import { clockIn, texts } from '../support/texts';

const t = texts('en');
const ZONE = 'America/St_Johns';
test.use({ timezoneId: ZONE });
test.beforeEach(atNow);

test('a lesson is moved: a new start, a new link, and the old link is gone', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 410/);
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const { id, meeting_url: old } = await book(server, student, tutor, LESSON);
  const console = await person(tutor);
  await open(console, '/tutor');
  await expect(console.locator('#lessons')).toContainText(clockIn('en', 'Europe/Paris', LESSON));
  const page = await person(student);
  await open(page, `/lessons/${id}`);
  await page.getByRole('link', { name: t('lesson.reschedule') }).click();
  await page.waitForURL(/\/reschedule/);
  await hydrated(page);

  // Monday 15 March: the day after the clocks change in St. John's. The other start is free to choose.
  const moved = '2027-03-15T13:00:00Z';
  await (await openDay(page, ZONE, moved)).click();
  await page.waitForURL(/start=/);
  await hydrated(page);
  await expect(page.getByText(clockIn('en', ZONE, LESSON)).first()).toBeVisible();
  await expect(page.getByText(clockIn('en', ZONE, moved)).first()).toBeVisible();
  await page.getByRole('button', { name: t('booking.move_action') }).click();
  await page.waitForURL(new RegExp(`/lessons/${id}$`));
  await hydrated(page);
  expect(await figures(page, t('lesson.starts_in'))).toEqual(span(NOW, moved));

  const [booking] = await bookings(server, student);
  expect(booking).toMatchObject({ id, start: moved, status: 'confirmed' });
  expect(booking?.meeting_url).not.toBe(old);
  const gone = await page.goto(old);
  expect(gone?.status()).toBe(410);
  await expect(page.getByText(t('error.link_expired'))).toBeVisible();
  await page.goto(booking?.meeting_url ?? '');
  expect(bookingId(page)).toBe(id);

  // The tutor sees the new start; the old one can be booked again.
  if (!withScripts()) await console.reload();
  await expect(console.locator('#lessons')).toContainText('15 Mar');
  expect((await book(server, await newStudent(server), tutor, LESSON)).status).toBe('confirmed');
});

test('clocks that change between are told', { tag: '@plain' }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}?view=week&day=2027-03-16`);
  // A week that begins on Sunday 14 March, on which clocks in St. John's go forward.
  await expect(page.locator('.zone-change')).toContainText(/14 March/);
  // 9:00 in Paris is 5:30 on this side of the change; it was 4:30 before.
  await expect(slot(page, '2027-03-16T08:00:00Z')).toContainText(clockIn('en', ZONE, '2027-03-16T08:00:00Z'));
});

test('until two hours before the start a student can call off; then it is too late', { tag: '@plain' }, async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const [early, late] = [await book(server, student, tutor, LESSON), await book(server, student, tutor, later(LESSON, 60))];
  const page = await person(student);
  // Exactly 120 minutes are enough.
  await server.setClock(later(LESSON, -120));
  await open(page, `/lessons/${early.id}`);
  await callOff(page, t, '');
  await open(page, `/lessons/${late.id}?cancel=1`);
  await server.setClock(later(LESSON, -59));
  const dialog = page.getByRole('dialog', { name: t('lesson.cancel_title') });
  await dialog.getByRole('button', { name: t('lesson.cancel') }).click();
  // The form says so, or without scripts the page to which it leads back.
  const told = page.getByText(t('error.cancellation_too_late')).or(page.getByText(/^It is too late to change or call off/));
  await expect(told.first()).toBeVisible();
  await open(page, `/lessons/${late.id}`);
  await expect(page.getByRole('link', { name: t('lesson.cancel') })).toHaveCount(0);
  const states = (await bookings(server, student)).map(({ id, status }) => [id, status]);
  expect(Object.fromEntries(states)).toEqual({ [early.id]: 'cancelled', [late.id]: 'confirmed' });
});

/** A request to a tutor who answers each, with both of its sides. */
async function request(server: Server, start: string, tutor: Awaited<ReturnType<typeof newTutor>>) {
  await query(server.database, asksToConfirm, [tutor.id]);
  const student = await newStudent(server, { zone: ZONE });
  return { student, ...(await book(server, student, tutor, start)) };
}

test('a tutor confirms one request and declines another; both students see it', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const [yes, no] = [await request(server, LESSON, tutor), await request(server, later(LESSON, 60), tutor)];
  expect([yes.status, no.status]).toEqual(['requested', 'requested']);
  const waiting = async (who: typeof yes): Promise<Page> => {
    const page = await person(who.student);
    await open(page, `/lessons/${who.id}`);
    await expect(page.getByText(t('lesson.join_requested'))).toBeVisible();
    return page;
  };
  const [happy, sad] = [await waiting(yes), await waiting(no)];

  const console = await person(tutor);
  await open(console, '/tutor/requests');
  const answer = (word: string, who: typeof yes) =>
    console.getByRole('button', { name: `${t(word)}: ${who.student.name}` });
  await answer('lesson.accept', yes).click();
  await expect(answer('lesson.accept', yes)).toHaveCount(0);
  await hydrated(console);
  await answer('lesson.decline', no).click();
  await expect(console.getByText(t('console.no_requests'), { exact: true })).toBeVisible();

  await shows(happy, happy.getByRole('timer', { name: t('lesson.starts_in') }));
  await shows(sad, sad.getByRole('status').filter({ hasText: t('state.declined') }));
});

test('a request that nobody answers lapses after a day', async ({ server, person }) => {
  const tutor = await newTutor(server);
  const asked = await request(server, LESSON, tutor);
  const page = await person(asked.student);
  await open(page, `/lessons/${asked.id}`);
  await server.setClock(later(NOW, 24 * 60 + 1));
  await server.tick();
  await comeBack(page);
  await expect(page.getByRole('status').filter({ hasText: t('state.expired') })).toBeVisible();
});

test('a lesson that is over is rated, and the tutor’s page shows it', { tag: '@plain' }, async ({ server, person, page }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const { id } = await book(server, student, tutor, LESSON);
  await server.setClock(later(LESSON, 61));
  await server.tick();
  await enter(page.context(), server, student);
  await open(page, `/lessons/${id}`);
  await page.getByRole('radio', { name: t('lesson.star_4') }).check({ force: true });
  await page.getByRole('textbox', { name: t('lesson.feedback') }).fill('Clear and patient.');
  await page.getByRole('button', { name: t('lesson.rate_send') }).click();
  await expect(page.getByText(t('lesson.rated', { stars: '4' }))).toBeVisible();
  const reader = await person(tutor);
  await open(reader, `/tutors/${tutor.slug}`);
  await expect(reader.locator('#ratings')).toContainText('Clear and patient.');
});
