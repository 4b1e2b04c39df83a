import { expect, expectNoSidewaysScroll, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf } from '../support/people';
import { atNow, later, LESSON, open } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

test('an endless word widens no page, whoever wrote it', { tag: '@phone' }, async ({ server, person }) => {
  const word = 'W'.repeat(60);
  const [tutor, student] = [await newTutor(server, { name: `${word} Tutor` }), await newStudent(server, { name: `${word} Student` })];
  const { id: kept } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  const { id: gone } = await book(server, student, tutor, later(LESSON, 60), 'pm_card_visa');
  const reason = 'https://'.padEnd(200, 'x');
  await call(server, 'DELETE', `/api/v2/bookings/${gone}`, { reason }, await tokenOf(server, student));
  await server.setClock(LESSON);
  for (const who of [student, tutor]) {
    await call(server, 'POST', `/api/v2/bookings/${kept}/join`, {}, await tokenOf(server, who));
  }
  await server.setClock(later(LESSON, 60));
  await server.tick();

  const theirs = [`/lessons/${gone}`, `/lessons/${kept}`, `/lessons/${kept}/charge`, '/notices', '/settings'];
  for (const [who, pages] of [
    [student, ['/dashboard', `/tutors/${tutor.slug}`]],
    [tutor, ['/tutor', '/tutor/earnings', '/tutor/attendance']],
    ['admin', ['/admin', '/admin/payouts', '/admin/attendance']],
  ] as const) {
    const page = await person(who);
    for (const path of who === 'admin' ? pages : [...theirs, ...pages]) {
      await open(page, path);
      await expectNoSidewaysScroll(page);
    }
    if (who !== 'admin') {
      await open(page, `/lessons/${gone}`);
      await expect(page.getByText(reason).first()).toBeVisible();
    }
  }
});

test('Escape closes the menu and gives the focus back', { tag: '@only-phone' }, async ({ page }) => {
  await open(page, '/');
  const menu = page.locator('.site-menu');
  const heading = menu.locator('summary');
  await heading.focus();
  await page.keyboard.press('Enter');
  await expect(menu).toHaveAttribute('open', '');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  await expect(menu).not.toHaveAttribute('open', '');
  await expect(heading).toBeFocused();
  await expect(heading).toHaveAccessibleName(t('site.menu'));
});
