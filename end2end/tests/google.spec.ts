import { enter, expect, expectAccessible, expectNoSidewaysScroll, test as base } from '../support/fixtures';
import { Google } from '../support/google';
import { book, newStudent, newTutor } from '../support/people';
import { Server } from '../support/server';
import { connect } from '../support/stand_in';
import { atNow, later, LESSON, loads, NOW, open } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const LOGIN = 'tina@example.org';

/** A server that knows Google, and Google. */
const test = base.extend<object, { google: Google }>({
  google: [
    async ({}, use) => {
      const google = await Google.at();
      await use(google);
      google.stop();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ google }, use, worker) => {
      const server = await Server.start(`google_${worker.project.name}_${worker.workerIndex}`, google.environment());
      await google.start(server.url);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});
test.beforeEach(atNow);

test('a tutor permits Google Calendar, withdraws it there and permits it again', { tag: ['@plain', '@phone'] }, async ({ page, server, google, watch }) => {
  // The stand-in's own pages ask for fonts elsewhere.
  watch.allow(/fonts\.googleapis\.com/);
  watch.allow(new RegExp(google.url));
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  await enter(page.context(), server, tutor);
  await open(page, '/tutor/settings');
  await connect(page, t('diary.google_connect'), LOGIN, false);
  await expect(page.getByText(t('error.oauth_refused')).first()).toBeVisible();
  await connect(page, t('diary.google_connect'), LOGIN, true);
  await expect(page.getByText(LOGIN).first()).toBeVisible();
  await expect(page.getByRole('checkbox', { name: 'Work' })).toBeChecked();
  await expect(page.getByRole('checkbox', { name: 'Team' })).not.toBeChecked();
  await page.getByRole('combobox', { name: t('diary.lessons_in') }).selectOption('Work');
  await loads(page, () => page.locator('form[action="/do/choose_calendars"]').getByRole('button').click());
  await expect(page).toHaveURL(/saved=1/);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  const booked = await book(server, student, tutor, LESSON);
  await server.tick();
  expect(await google.events()).toEqual([booked.id.replaceAll('-', '')]);

  await google.withdraw();
  await server.setClock(later(NOW, 5));
  await server.tick();
  await open(page, '/tutor/settings');
  await expect(page.getByText(t('diary.google_refused'))).toBeVisible();
  await expectAccessible(page);
  await connect(page, t('diary.google_again'), LOGIN, true);
  await expect(page.getByText(t('diary.google_refused'))).toHaveCount(0);
});
