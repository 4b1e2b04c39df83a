import type { Locator, Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/fixtures';
import { cardField, CARDS } from '../support/cards';
import { newStudent, newTutor, type Account } from '../support/people';
import { later, LESSON, NOW, openFirst, slot, startsWith } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const ZONE = 'Asia/Kathmandu';
test.use({ timezoneId: ZONE });
// A day later than the other journeys: the 30 days ahead then reach into April.
test.beforeEach(async ({ server }) => server.setClock(later(NOW, 24 * 60)));

/** Presses Tab until the element has the focus, and looks whether a person would see where it is. */
async function tabTo(page: Page, to: Locator, most = 120): Promise<void> {
  await expect(to).toBeVisible();
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press('Tab');
    if (await to.evaluate((element) => element === document.activeElement)) {
      await expectFocusSeen(to);
      return;
    }
  }
  throw new Error(`Tab never reaches ${to}`);
}

async function expectFocusSeen(focused: Locator): Promise<void> {
  const marks = await focused.evaluate((element) => {
    // The mark may be drawn around the card, cell or field that the element is in.
    const around = [element, element.closest('article, td, label, .field')].filter((one) => one !== null);
    return around.map((one) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== 'none' && outlineWidth !== '0px';
    });
  });
  expect(marks, `the focus on ${focused} can be seen`).toContain(true);
}

async function signInByKeyboard(page: Page, who: Account): Promise<void> {
  await tabTo(page, page.getByRole('textbox', { name: t('account.email') }));
  await page.keyboard.type(who.email);
  await tabTo(page, page.getByLabel(startsWith(t('account.password'))));
  await page.keyboard.type(who.password);
  await page.keyboard.press('Enter');
}

test('a lesson is booked with the keyboard alone', async ({ page, server }) => {
  const [tutor, student] = [await newTutor(server), await newStudent(server, { zone: ZONE })];
  await openFirst(page, '/');

  // The first stop leads past the header.
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: t('site.skip') })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();

  await tabTo(page, page.getByRole('searchbox', { name: t('home.search_label') }));
  await page.keyboard.type(tutor.name);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/tutors\?/);
  await hydrated(page);
  await tabTo(page, page.getByRole('link', { name: tutor.name, exact: true }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: tutor.name })).toBeVisible();
  await hydrated(page);

  // One stop in the grid; arrows move through its days. The first free day is Tuesday 2 March.
  const day = (date: string) => page.locator(`td[data-date="${date}"] .day-face`);
  await tabTo(page, day('2027-03-02'));
  await page.keyboard.press('ArrowDown');
  await expect(day('2027-03-09')).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('PageDown');
  await expect(day('2027-04-02')).toBeFocused();
  await page.keyboard.press('PageUp');
  await expect(day('2027-03-02')).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(day('2027-03-04')).toBeFocused();
  await expectFocusSeen(day('2027-03-04'));
  await page.keyboard.press('Enter');
  await expect(page.locator('td[data-date="2027-03-04"]')).toHaveAttribute('aria-selected', 'true');
  await expect(day('2027-03-04'), 'the focus stays on the day').toBeFocused();

  await tabTo(page, slot(page, LESSON));
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/login\?next=/);
  await hydrated(page);
  await signInByKeyboard(page, student);
  await page.waitForURL((url) => url.pathname.startsWith('/book/'));
  await hydrated(page);
  await tabTo(page, page.getByRole('button', { name: t('booking.keep') }));
  await page.keyboard.press('Enter');
  await page.waitForURL(/hold=/);
  await hydrated(page);
  await expect(page.locator('.card-frame-wait')).toBeHidden();
  for (const [field, typed] of [['number', CARDS.good], ['expiry', '1234'], ['cvc', '123']] as const) {
    await tabTo(page, cardField(page, field));
    await page.keyboard.type(typed);
  }
  await tabTo(page, page.getByRole('button', { name: t('booking.confirm') }));
  await page.keyboard.press('Space');
  await page.waitForURL(/\/lessons\//);
  await expect(page.getByRole('timer', { name: t('lesson.starts_in') })).toBeVisible();

  // Calling off is a question that Escape takes back, with the focus where it was.
  await hydrated(page);
  const cancel = page.getByRole('link', { name: t('lesson.cancel') });
  await tabTo(page, cancel);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: t('lesson.cancel_title') });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(cancel).toBeFocused();
});
