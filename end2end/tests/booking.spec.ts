import { expect, hydrated, MEETINGS, signIn, test } from '../support/fixtures';
import { payWith } from '../support/cards';
import { book, newAccount, newStudent, newTutor } from '../support/people';
import {
  answerMeetings,
  atNow,
  bookingId,
  callOff,
  chooseZone,
  comeBack,
  confirmBooking,
  figures,
  findTutor,
  join,
  later,
  LESSON,
  NOW,
  open,
  openDay,
  openFirst,
  shows,
  signUp,
  span,
  withScripts,
} from '../support/steps';
import { clockIn, languageOf, texts } from '../support/texts';

test.beforeEach(atNow);

/** The same journey in browsers that differ from the server (UTC), from the tutor (Paris), and from each other. */
const browsers = [
  { where: 'in Kathmandu', zone: 'Asia/Kathmandu', locale: 'en-GB', tag: [] },
  { where: 'in French in St. John’s', zone: 'America/St_Johns', locale: 'fr-FR', tag: ['@only-phone'] },
  { where: 'in Auckland, by plain forms', zone: 'Pacific/Auckland', locale: 'en-GB', tag: ['@only-plain'] },
  { where: 'in French on a phone, by plain forms', zone: 'America/St_Johns', locale: 'fr-FR', tag: ['@only-plain'], narrow: true },
];

for (const { where, zone, locale, tag, narrow } of browsers) {
  test.describe(where, () => {
    test.use({ timezoneId: zone, locale, ...(narrow ? { viewport: { width: 320, height: 700 } } : {}) });
    const language = languageOf(locale);
    const t = texts(language);

    test('a visitor finds a tutor, signs up, books, and meets', { tag }, async ({ page, server, visitor, watch }) => {
      watch.allow(new RegExp(`request to another site: https://${MEETINGS}/`));
      const tutor = await newTutor(server, { locale: language });
      const console = await visitor();
      await signIn(console, tutor);
      await expect(console).toHaveURL(/\/tutor$/);
      await hydrated(console);
      const student = newAccount({ zone, locale: language });

      // The times are the browser's; without scripts it cannot say so, and the reader switches.
      await openFirst(page, '/');
      await findTutor(page, t, tutor);
      await expect(page.locator('.zone-text strong')).toContainText(withScripts() ? cityOf(zone) : 'UTC');
      await chooseZone(page, t, zone === 'Asia/Kathmandu' ? 'America/New_York' : zone);
      if (zone === 'Asia/Kathmandu') await chooseZone(page, t, zone);
      const start = await openDay(page, zone, LESSON);
      await expect(start).toContainText(clockIn(language, zone, LESSON));
      await expect(start).toHaveAccessibleName(new RegExp(`${clockIn(language, 'Europe/Paris', LESSON)}.*Paris`));
      await start.click();

      // Nobody is signed in: the way leads there and back.
      await page.waitForURL(/\/login\?next=/);
      await page.getByRole('main').getByRole('link', { name: t('site.sign_up') }).click();
      await signUp(page, t, student, 'student');
      await expect(page).toHaveURL(new RegExp(`/book/${tutor.slug}\\?`));
      await hydrated(page);
      await page.getByRole('button', { name: t('booking.keep') }).click();

      // The start is kept for ten minutes of the server's clock, which stands still; the browser counts down.
      await page.waitForURL(/hold=/);
      if (withScripts()) {
        const [minutes] = await figures(page, t('booking.hold_label'));
        expect([9, 10]).toContain(minutes);
      } else {
        const until = clockIn(language, zone, later(NOW, 10));
        await expect(page.locator('.book-hold noscript p')).toContainText(t('booking.held_until', { time: until }));
      }
      await expect(page.getByText(clockIn(language, 'Europe/Paris', LESSON)).first()).toBeVisible();
      await payWith(page, undefined, language);
      await page.getByRole('textbox', { name: t('booking.note') }).fill('Contracts, please.');
      const booking = await confirmBooking(page, t, language);

      // The lesson's page counts down by the server's clock, and is not open yet.
      expect(await figures(page, t('lesson.starts_in'))).toEqual(span(NOW, LESSON));
      await expect(page.getByRole('button', { name: t('lesson.join'), exact: true })).toBeDisabled();
      await expect(page.getByText(clockIn(language, zone, LESSON)).first()).toBeVisible();
      await expect(page.getByText('Contracts, please.')).toBeVisible();

      // The tutor sees it arrive, without loading the page.
      await shows(console, console.locator('#arrivals').filter({ hasText: student.name }));
      const row = console.locator('#lessons li').filter({ hasText: student.name });
      await expect(row).toContainText(t('state.confirmed'));
      await row.getByRole('link', { name: 'Case law' }).click();
      await expect(console).toHaveURL(new RegExp(`/lessons/${booking}$`));
      await hydrated(console);

      // One second before the door opens, and then.
      await server.setClock(later(LESSON, -6));
      await comeBack(page);
      await expect(page.getByRole('button', { name: t('lesson.join'), exact: true })).toBeDisabled();
      await server.setClock(later(LESSON, -5));
      await comeBack(page);
      await comeBack(console);
      await answerMeetings(page);
      await answerMeetings(console);
      const rooms = [await join(page, t), await join(console, t)];
      expect(rooms[0]).toMatch(new RegExp(`^https://${MEETINGS}/tutor${tutor.id}_booking${booking}_[0-9a-f]{16}`));
      expect(rooms[1], 'the same room for both').toBe(rooms[0]);
      for (const name of [student.name, tutor.name]) {
        await shows(page, page.getByText(t('lesson.attendance_joined', { name })));
      }
    });

    test('a student calls a lesson off, and the tutor sees it', { tag }, async ({ page, server, person, visitor }) => {
      const tutor = await newTutor(server, { locale: language });
      const student = await newStudent(server, { zone, locale: language });
      const { id } = await book(server, student, tutor, LESSON);
      const console = await person(tutor);
      await console.goto('/tutor');
      const row = console.locator('#lessons li').filter({ hasText: student.name });
      await expect(row).toBeVisible();
      await hydrated(console);

      const visit = await visitor();
      await signIn(visit, student);
      await expect(visit).toHaveURL(/\/dashboard$/);
      await hydrated(visit);
      expect(await figures(visit, t('lesson.starts_in'))).toEqual(span(NOW, LESSON));
      await visit.locator('#lessons').getByRole('link', { name: 'Case law' }).click();
      await hydrated(visit);
      expect(bookingId(visit)).toBe(id);
      await callOff(visit, t, 'A cold.');
      await expect(visit.getByText('A cold.').first()).toBeVisible();

      if (!withScripts()) await console.reload();
      await expect(row).toHaveCount(0);
      await console.getByRole('link', { name: t('dashboard.cancelled') }).click();
      await expect(row).toContainText(t('state.cancelled'));

      // The time is free again, for anybody.
      await open(page, `/tutors/${tutor.slug}?tz=${zone}`);
      await openDay(page, zone, LESSON);
    });
  });
}

const cityOf = (zone: string): string => zone.split('/').at(-1)?.replace('_', ' ') ?? zone;
