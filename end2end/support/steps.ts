import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { hydrated, MEETINGS, type Server } from './fixtures';
import type { Account, Tutor } from './people';
import { payWith } from './cards';
import { dateIn, type Language, type Texts } from './texts';

/** When the journeys happen: a Monday, 9 o'clock in Paris, four weeks before its clocks change. */
export const NOW = '2027-03-01T08:00:00Z';
/** A free start of every tutor of the journeys: Thursday, 14 o'clock in Paris. */
export const LESSON = '2027-03-04T13:00:00Z';

/** An instant so many minutes later. */
export const later = (instant: string, minutes: number): string =>
  new Date(Date.parse(instant) + minutes * 60_000).toISOString().replace('.000Z', 'Z');

/** Matches what begins with a text; the label of a field that must be filled in ends with a star. */
export const startsWith = (text: string): RegExp => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);

/** The zone as the browser names it; some keep names that the zone database has replaced. */
export const zoneOf = (page: Page): Promise<string> =>
  page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);

export const withScripts = (): boolean => base.info().project.use.javaScriptEnabled !== false;

/** Opens a page and waits until it answers. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

/** Does what ends in a page that is loaded anew, be it the same one, and waits until that answers. */
export async function loads(page: Page, act: () => Promise<unknown>): Promise<void> {
  await page.waitForLoadState('domcontentloaded');
  await Promise.all([page.waitForEvent('domcontentloaded'), act()]);
  await hydrated(page);
}

/**
 * Opens a page as somebody whose zone the site does not know yet: with scripts the browser tells it and the
 * page comes once more, with its times in that zone.
 */
export async function openFirst(page: Page, path: string): Promise<void> {
  await page.goto(path);
  if (!withScripts()) return;
  await page.waitForFunction(() => {
    const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    return entry?.type === 'reload' && 'ready' in document.documentElement.dataset;
  });
}

/** From the landing page to a tutor's page, by the search. */
export async function findTutor(page: Page, t: Texts, tutor: Tutor): Promise<void> {
  await page.getByRole('searchbox', { name: t('home.search_label') }).fill(tutor.name);
  await page.getByRole('button', { name: t('search.submit') }).click();
  await expect(page.getByRole('status').filter({ hasText: t('search.found', { count: 1 }) })).toBeVisible();
  await page.getByRole('link', { name: tutor.name, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: tutor.name })).toBeVisible();
  await hydrated(page);
}

/** Switches the zone of all times on the page. */
export async function chooseZone(page: Page, t: Texts, zone: string): Promise<void> {
  await page.getByText(t('calendar.zone_change')).click();
  await page.getByRole('combobox', { name: t('calendar.zone_label') }).fill(zone);
  await page.getByRole('button', { name: t('calendar.zone_use') }).click();
  // First: where it was that zone already, what is fetched looks like what is there.
  await hydrated(page);
  const city = zone.split('/').at(-1)?.replace('_', ' ') ?? zone;
  await expect(page.locator('.zone-text strong')).toContainText(city);
}

/** A free start in the calendar, once its day is open. */
export const slot = (page: Page, start: string): Locator =>
  page.locator(`#times :is(button[value="${start}"], a[data-start="${start}"])`);

/** Opens the day of `start` in the calendar, which shows `zone`, and answers the start's button or link. */
export async function openDay(page: Page, zone: string, start: string): Promise<Locator> {
  const day = page.getByRole('grid').locator(`td[data-date="${dateIn(zone, start)}"]`);
  await day.getByRole('link').click();
  // First: where that day was chosen already, what is fetched looks like what is there.
  await hydrated(page);
  await expect(day).toHaveAttribute('aria-selected', 'true');
  const found = slot(page, start);
  await expect(found).toBeVisible();
  return found;
}

/** Fills in the sign-up form. */
export async function signUp(page: Page, t: Texts, who: Account, role: 'student' | 'tutor'): Promise<void> {
  await hydrated(page);
  const form = page.locator('form[action="/do/sign_up"]');
  await form.getByRole('radio', { name: t(`account.role_${role}`) }).check();
  await form.getByRole('textbox', { name: t('account.name') }).fill(who.name);
  await form.getByRole('textbox', { name: t('account.email') }).fill(who.email);
  await form.getByLabel(startsWith(t('account.password'))).fill(who.password);
  const zone = form.getByRole('combobox', { name: t('account.zone') });
  // The one that was chosen on the way, else the browser's, which it has told already.
  if (withScripts()) await expect(zone).toHaveValue(new RegExp(`^(${who.zone}|${await zoneOf(page)})$`));
  else await zone.selectOption(who.zone);
  await expect(form.locator('input[name="marketing_opt_in"]:checked'), 'never preset').toHaveCount(0);
  await form.getByRole('button', { name: t('site.sign_up') }).click();
  await page.waitForURL((url) => url.pathname !== '/signup');
}

/** The figures of a countdown: days, hours, minutes, seconds. */
export async function figures(page: Page, label: string): Promise<number[]> {
  const timer = page.getByRole('timer', { name: label });
  await expect(timer).toBeVisible();
  return (await timer.locator('.countdown-figure').allTextContents()).map(Number);
}

/** Days, hours, minutes and seconds between two instants. */
export function span(from: string, to: string): number[] {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return [seconds / 86_400, (seconds / 3_600) % 24, (seconds / 60) % 60, seconds % 60].map(Math.floor);
}

/**
 * Makes an open page notice that the clock was moved, as it does when its person comes back to the tab.
 * Without scripts a person loads the page again.
 */
export async function comeBack(page: Page): Promise<void> {
  if (withScripts()) {
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
  } else {
    await page.reload();
  }
}

/** Waits until what happened elsewhere shows here: by itself, or without scripts when loaded again. */
export async function shows(page: Page, what: Locator): Promise<void> {
  if (!withScripts()) await page.reload();
  await expect(what).toBeVisible();
}

/** Answers for the video provider, so that nothing leaves the machine. */
export async function answerMeetings(page: Page, meetings = MEETINGS): Promise<void> {
  await page
    .context()
    .route(`https://${meetings}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Meeting</h1>' }));
}

/** Presses "join" and follows to the meeting in its new tab; answers its address. */
export async function join(page: Page, t: Texts, meetings = MEETINGS): Promise<string> {
  const [tab] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: t('lesson.join'), exact: true }).click(),
  ]);
  // By way of a page of ours: a form may not lead to another site.
  await tab.waitForURL(`https://${meetings}/**`);
  const address = tab.url();
  await tab.close();
  return address;
}

/** The id of the booking whose page is open. */
export function bookingId(page: Page): string {
  const id = /\/lessons\/([0-9a-f-]{36})$/.exec(new URL(page.url()).pathname)?.[1];
  if (!id) throw new Error(`${page.url()} is no lesson`);
  return id;
}

/** Keeps a chosen start of a signed-in student, and books it, with a card where it asks for one. Answers the booking. */
export async function confirmBooking(page: Page, t: Texts, language: Language = 'en'): Promise<string> {
  await page.waitForURL(/\/book\/.*hold=/);
  await hydrated(page);
  await payWith(page, undefined, language);
  await page.getByRole('button', { name: t('booking.confirm') }).click();
  await page.waitForURL(/\/lessons\/[0-9a-f-]{36}$/);
  await hydrated(page);
  return bookingId(page);
}

/** Calls off the lesson whose page is open, by the question that asks again. */
export async function callOff(page: Page, t: Texts, reason: string): Promise<void> {
  await page.getByRole('link', { name: t('lesson.cancel') }).click();
  const dialog = page.getByRole('dialog', { name: t('lesson.cancel_title') });
  await dialog.getByRole('textbox', { name: t('lesson.cancel_reason') }).fill(reason);
  await loads(page, () => dialog.getByRole('button', { name: t('lesson.cancel') }).click());
  await expect(page.getByRole('status').filter({ hasText: t('state.cancelled') })).toBeVisible();
}

/** Sets the journeys' clock before anything else happens. */
export const atNow = async ({ server }: { server: Server }): Promise<void> => server.setClock(NOW);
