import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf } from '../support/people';
import { LESSON, atNow, open, startsWith, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

const bell = (page: Page, count: number) =>
  page.locator('#bell').getByRole('link', { name: t('notices.unread', { count }), exact: true });

test('what one does rings the bell of the other, who follows it @phone @plain', async ({ server, person }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server)];
  const hers = await person(tutor);
  await open(hers, '/tutor');
  await expect(hers.locator('#bell').getByRole('link', { name: t('notices.title'), exact: true })).toBeVisible();

  const booked = await book(server, student, tutor, LESSON);
  // Without scripts a page is as it was until it is loaded again; the notice is written within a second.
  await expect(async () => {
    if (!withScripts()) await hers.reload();
    await expect(bell(hers, 1)).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  const his = await person(student);
  await open(his, '/notices');
  await expect(his.getByText(t('notices.empty')), 'who did it is not told').toBeVisible();

  await bell(hers, 1).click();
  await hers.waitForURL('/notices');
  await expectAccessible(hers);
  await expectNoSidewaysScroll(hers);
  await hers.getByRole('button', { name: startsWith(`${t('notices.new')}: `) }).click();
  await hers.waitForURL(`/lessons/${booked.id}`);
  await expect(hers.locator('#bell').getByRole('link', { name: t('notices.title'), exact: true })).toBeVisible();

  await call(server, 'DELETE', `/api/v2/bookings/${booked.id}`, {}, await tokenOf(server, student));
  const readAll = hers.getByRole('button', { name: t('notices.read_all') });
  await expect(async () => {
    await hers.goto('/notices');
    await expect(readAll).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  await readAll.click();
  await expect(hers.locator('.notice-row[data-state=unread]')).toHaveCount(0);
  await expect(hers.locator('.notice-row')).toHaveCount(2);
});
