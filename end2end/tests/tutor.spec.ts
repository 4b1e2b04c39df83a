import type { Locator, Page } from '@playwright/test';
import { enter, expect, hydrated, test } from '../support/fixtures';
import { call, newAccount, newTutor } from '../support/people';
import { atNow, findTutor, loads, NOW, open, openDay, signUp, slot, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const ZONE = 'Asia/Kathmandu';
test.use({ timezoneId: ZONE });
test.beforeEach(atNow);

const cell = (page: Page, name: string): Locator => page.getByRole('gridcell', { name, exact: true });
const saved = (page: Page): Locator => page.getByText(t('site.saved'), { exact: true });

async function save(page: Page, button: string): Promise<void> {
  await loads(page, () => page.getByRole('button', { name: button, exact: true }).click());
  await expect(page).toHaveURL(/saved=1/);
  await expect(saved(page)).toBeVisible();
}

/** Fills in the profile; the photo is a picture of the page, as wide as the window and not square. */
async function fillProfile(page: Page): Promise<void> {
  await open(page, '/tutor/profile');
  const box = (key: string) => page.getByRole('textbox', { name: t(`console.${key}`) });
  await box('headline').fill('Roman law, told as stories');
  await box('university').fill('Tribhuvan University');
  await box('degree').fill('LL.M.');
  await page.getByRole('combobox', { name: t('console.field') }).selectOption('LAW');
  await page.getByRole('spinbutton', { name: t('console.year') }).fill('4');
  await box('bio').fill('Too short.');
  const send = page.locator('form[action="/do/save_profile"]').getByRole('button', { name: t('site.save') });
  await send.click();
  await expect(page.getByText(t('error.bio_length')).first()).toBeVisible();
  await hydrated(page);
  await expect(box('degree'), 'what was typed stays').toHaveValue('LL.M.');
  await box('bio').fill('I teach what the jurists of Rome argued about, and why their quarrels are still ours today.');
  await send.click();
  await page.waitForURL(/saved=1/);
  await hydrated(page);
  const photo = { name: 'me.png', mimeType: 'image/png', buffer: await page.screenshot() };
  await page.getByLabel(t('console.photo_file')).setInputFiles(photo);
  await page.getByRole('button', { name: t('console.photo_send') }).click();
  const picture = page.getByRole('main').locator('img[src^="/photos/"]');
  await expect(picture).toBeVisible();
  const size = () => picture.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
  await expect.poll(size, 'as the rules say').toEqual([400, 400]);
  await hydrated(page);
}

/** Monday by pointer, Tuesday by keyboard, without scripts both by the fields. */
async function fillHours(page: Page): Promise<void> {
  await open(page, '/tutor/availability');
  if (withScripts()) {
    await cell(page, 'Monday 9:00\u00a0am').scrollIntoViewIfNeeded();
    await cell(page, 'Monday 9:00\u00a0am').hover();
    await page.mouse.down();
    await cell(page, 'Monday 10:30\u00a0am').hover();
    await page.mouse.up();
    await cell(page, 'Monday 9:00\u00a0am').focus();
    await page.keyboard.press('ArrowRight');
    await expect(cell(page, 'Tuesday 9:00\u00a0am')).toBeFocused();
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowDown');
    for (const name of ['Monday 9:00', 'Monday 10:30', 'Tuesday 9:00', 'Tuesday 9:30']) {
      await expect(cell(page, `${name}\u00a0am`)).toHaveAttribute('aria-selected', 'true');
    }
    await expect(cell(page, 'Tuesday 10:00\u00a0am')).toHaveAttribute('aria-selected', 'false');
  } else {
    for (const [day, until] of [['Monday', '11:00'], ['Tuesday', '10:00']]) {
      await page.getByLabel(`${day}, ${t('console.from')}`).last().fill('09:00');
      await page.getByLabel(`${day}, ${t('console.until')}`).last().fill(until ?? '');
    }
  }
  await save(page, t('console.save_hours'));
  await expect(page.getByLabel(`Monday, ${t('console.from')}`).first()).toHaveValue('09:00');
  await expect(page.getByLabel(`Monday, ${t('console.until')}`).first()).toHaveValue('11:00');
  await expect(page.getByLabel(`Tuesday, ${t('console.until')}`).first()).toHaveValue('10:00');
}

/** Monday 8 March is off; Wednesday 10 March has hours of its own. */
async function fillOverrides(page: Page): Promise<void> {
  const form = page.locator('form[action="/do/save_override"]');
  await form.getByLabel(t('console.date')).fill('2027-03-08');
  await form.getByRole('radio', { name: t('console.day_off') }).check();
  await form.getByRole('textbox', { name: t('console.reason') }).fill('Festival');
  await save(page, t('console.save_override'));
  await expect(page.getByText('Festival')).toBeVisible();
  await form.getByLabel(t('console.date')).fill('2027-03-10');
  await form.getByRole('radio', { name: t('console.other_hours') }).check();
  await form.getByLabel(t('console.from'), { exact: true }).first().fill('20:00');
  await form.getByLabel(t('console.until'), { exact: true }).first().fill('21:00');
  await save(page, t('console.save_override'));
  await expect(page.getByText('8:00 pm – 9:00 pm')).toBeVisible();
}

async function fillOffering(page: Page): Promise<void> {
  await open(page, '/tutor/offerings');
  await page.getByRole('textbox', { name: t('console.offering_title') }).fill('Roman law');
  await page.getByRole('combobox', { name: t('console.currency') }).selectOption('NPR');
  await page.getByLabel(t('console.minutes'), { exact: true }).fill('60');
  await page.getByLabel(t('console.price'), { exact: true }).fill('1200,50');
  await save(page, t('site.save'));
  await expect(page.getByRole('heading', { name: 'Roman law' })).toBeVisible();
  await expect(page.getByText(/60 min · .*1,200\.50/)).toBeVisible();
}

test('a tutor signs up, opens for bookings, and is found', { tag: ['@phone', '@plain'] }, async ({ page, server, browser, watch }) => {
  watch.allow(/status of 400/);
  const who = newAccount({ zone: ZONE });
  await open(page, '/signup?role=tutor');
  await signUp(page, t, who, 'tutor');
  await expect(page).toHaveURL(/\/tutor$/);
  await expect(page.getByRole('heading', { name: t('console.check_title') })).toBeVisible();
  await fillProfile(page);
  await fillHours(page);
  await fillOverrides(page);
  await fillOffering(page);

  // An hour on two Tuesdays, one on the other Wednesday, two on the one Monday that is neither past nor off.
  await open(page, '/tutor/availability');
  const preview = page.locator('.preview');
  await expect(preview).toContainText('8:00\u00a0pm');
  const free = await call<{ slots: { start: string }[] }>(
    server,
    'GET',
    `/api/v2/tutors/${await slugOf(page)}/availability?from=${NOW}&to=2027-03-16T00:00:00Z`,
  );
  expect(free.slots.map((one) => one.start)).toEqual([
    '2027-03-02T03:15:00Z',
    '2027-03-09T03:15:00Z',
    '2027-03-10T14:15:00Z',
    '2027-03-15T03:15:00Z',
    '2027-03-15T04:15:00Z',
  ]);
  // The preview shows fourteen days from today on: up to Sunday the 14th.
  await expect(preview.locator('.slot')).toHaveText([/9:00/, /9:00/, /8:00/]);
  await expect(page.getByText(/^3 free starts of 60 min/)).toBeVisible();
  await open(page, '/tutor');
  await expect(page.getByRole('heading', { name: t('console.check_title') })).toHaveCount(0);

  // Somebody else finds the tutor, with photo, price and the hours of the other day.
  const { viewport, javaScriptEnabled } = test.info().project.use;
  const context = await browser.newContext({ viewport, javaScriptEnabled, baseURL: server.url, timezoneId: ZONE });
  const reader = await context.newPage();
  await open(reader, '/tutors');
  await open(reader, '/');
  await findTutor(reader, t, { ...who, id: '', slug: '', offerings: [] });
  await expect(reader.locator('header img[src^="/photos/"]')).toBeVisible();
  await open(reader, `${reader.url().split('?')[0]}?tz=${ZONE}`);
  await openDay(reader, ZONE, '2027-03-10T14:15:00Z');
  await expect(slot(reader, '2027-03-10T14:15:00Z')).toContainText('8:00\u00a0pm');
  await expect(reader.locator('td[data-date="2027-03-08"]')).toHaveAttribute('data-free', 'none');
  await context.close();
});

async function slugOf(page: Page): Promise<string> {
  const href = await page.getByRole('link', { name: t('console.public_page') }).getAttribute('href');
  return href?.replace('/tutors/', '') ?? '';
}

test('a tutor chooses to confirm requests, and pauses', { tag: '@plain' }, async ({ page, server, person, watch }) => {
  watch.allow(/status of 4\d\d/);
  const tutor = await newTutor(server);
  await enter(page.context(), server, tutor);
  await open(page, '/tutor/settings');
  await page.getByRole('radio', { name: t('console.confirm_yes') }).check();
  await save(page, t('site.save'));
  await expect(page.getByRole('radio', { name: t('console.confirm_yes') })).toBeChecked();

  await open(page, '/tutor/profile');
  await page.getByRole('button', { name: t('console.pause') }).click();
  await expect(page.getByText(t('console.paused'), { exact: true })).toBeVisible();
  const admin = await person('admin');
  await open(admin, `/tutors?q=${encodeURIComponent(tutor.name)}`);
  await expect(admin.getByRole('link', { name: tutor.name, exact: true })).toHaveCount(0);
  await hydrated(page);
  await page.getByRole('button', { name: t('console.resume') }).click();
  await expect(page.getByText(t('console.active'), { exact: true })).toBeVisible();
  await admin.reload();
  await expect(admin.getByRole('link', { name: tutor.name, exact: true })).toBeVisible();
});

test('the week is copied, carried on past midnight, and taken back', async ({ page, server }) => {
  const tutor = await newTutor(server, { zone: ZONE });
  await enter(page.context(), server, tutor);
  await open(page, '/tutor/availability');
  await page.getByRole('button', { name: `${t('console.remove')}: Friday` }).click();
  await expect(cell(page, 'Friday 9:00\u00a0am')).toHaveAttribute('aria-selected', 'false');
  await page.getByLabel(`Monday, ${t('console.from')}`).fill('22:00');
  await page.getByLabel(`Monday, ${t('console.until')}`).fill('02:00');
  await expect(cell(page, 'Tuesday 1:30\u00a0am')).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('button', { name: `${t('console.copy_day')}: Monday` }).click();
  await expect(page.getByLabel(`Sunday, ${t('console.from')}`)).toHaveValue('22:00');
  await save(page, t('console.save_hours'));
  for (const day of ['Sunday', 'Monday', 'Friday', 'Saturday']) {
    await expect(page.getByLabel(`${day}, ${t('console.from')}`).first()).toHaveValue('22:00');
    await expect(page.getByLabel(`${day}, ${t('console.until')}`).first()).toHaveValue('02:00');
  }
});
