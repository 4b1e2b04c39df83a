import { expect, hydrated, test } from '../support/fixtures';
import { payWith } from '../support/cards';
import { book, bookings, newStudent, newTutor } from '../support/people';
import { atNow, confirmBooking, later, LESSON, open, openDay, slot, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const ZONE = 'Pacific/Auckland';
test.beforeEach(atNow);

test('of two students who want a start the second is told, and sees what is left', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 409/);
  const tutor = await newTutor(server);
  const [ana, bo] = [await newStudent(server, { zone: ZONE }), await newStudent(server, { zone: ZONE })];
  const [first, second] = [await person(ana), await person(bo)];
  for (const page of [first, second]) {
    await open(page, `/tutors/${tutor.slug}`);
    await openDay(page, ZONE, LESSON);
  }
  await slot(first, LESSON).click();
  await first.waitForURL(/hold=/);

  await slot(second, LESSON).click();
  await expect(second.getByRole('alert').filter({ hasText: t('error.slot_taken') })).toBeVisible();
  await expect(second, 'on the same page').toHaveURL(new RegExp(`/tutors/${tutor.slug}`));
  await expect(slot(second, LESSON)).toHaveCount(0);
  await expect(slot(second, later(LESSON, 60)), 'the next one is free').toBeVisible();

  // The first goes on undisturbed, and the second takes another.
  await confirmBooking(first, t);
  await hydrated(second);
  await slot(second, later(LESSON, 60)).click();
  await confirmBooking(second, t);
  expect([(await bookings(server, ana)).length, (await bookings(server, bo)).length]).toEqual([1, 1]);
});

test('two presses on the button make one booking', async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await open(page, `/tutors/${tutor.slug}`);
  await (await openDay(page, ZONE, LESSON)).dblclick();
  await page.waitForURL(/hold=/);
  await hydrated(page);
  await payWith(page);
  await page.getByRole('button', { name: t('booking.confirm') }).dblclick();
  await page.waitForURL(/\/lessons\//);
  expect(await bookings(server, student)).toHaveLength(1);
});

test('going back after booking leads to the lesson, not to a second one', { tag: '@plain' }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await open(page, `/tutors/${tutor.slug}`);
  await (await openDay(page, ZONE, LESSON)).click();
  const booking = await confirmBooking(page, t);
  await page.goBack();
  // With scripts the page looks whether its time is still kept; without, the button says what became of it.
  if (!withScripts() && page.url().includes('/book/')) {
    await page.getByRole('button', { name: t('booking.confirm') }).click();
  }
  await expect(page).toHaveURL(new RegExp(`/lessons/${booking}$`));
  expect(await bookings(server, student)).toHaveLength(1);
});

test('two tabs of one student book once', async ({ server, person, watch }) => {
  watch.allow(/status of 409/);
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await open(page, `/tutors/${tutor.slug}`);
  await (await openDay(page, ZONE, LESSON)).click();
  await page.waitForURL(/hold=/);
  await hydrated(page);
  const other = await page.context().newPage();
  await open(other, page.url());
  // Before the other: a page whose start was booked elsewhere goes to the lesson once it notices.
  await payWith(other);
  const booking = await confirmBooking(page, t);
  await other.getByRole('button', { name: t('booking.confirm') }).click();
  await expect(other.getByRole('alert').filter({ hasText: /\S/ }).or(other.getByText(t('lesson.history')))).toBeVisible();
  expect((await bookings(server, student)).map((one) => one.id)).toEqual([booking]);
});

test('a start that is kept too long is free again, and the page says so', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const page = await person(student);
  await open(page, `/tutors/${tutor.slug}`);
  await (await openDay(page, ZONE, LESSON)).click();
  await page.waitForURL(/hold=/);
  await hydrated(page);
  await server.setClock(later('2027-03-01T08:00:00Z', 11));
  if (withScripts()) {
    // As when the page is shown again: it asks the server how long the start is still kept.
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow')));
  } else {
    await page.reload();
  }
  await expect(page.getByRole('alert').filter({ hasText: t('booking.lapsed') })).toBeVisible();
  await page.getByRole('link', { name: t('calendar.title') }).click();
  await hydrated(page);
  await expect(slot(page, LESSON), 'free again').toBeVisible();
  expect(await bookings(server, student)).toHaveLength(0);
});

test('a start that is not wanted any more is given back', { tag: '@plain' }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}`);
  await (await openDay(page, ZONE, LESSON)).click();
  await page.waitForURL(/hold=/);
  await hydrated(page);
  await page.getByRole('button', { name: t('booking.another_time') }).click();
  await page.waitForURL(new RegExp(`/tutors/${tutor.slug}`));
  await hydrated(page);
  await openDay(page, ZONE, LESSON);
  const other = await newStudent(server);
  expect((await book(server, other, tutor, LESSON)).status).toBe('confirmed');
});
