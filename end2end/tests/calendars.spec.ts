import type { Page } from '@playwright/test';
import { enter, expect, expectAccessible, expectNoSidewaysScroll, hydrated, test } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf, type Tutor } from '../support/people';
import { Radicale } from '../support/radicale';
import { atNow, later, LESSON, loads, NOW, open, openDay, slot } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const ZONE = 'Europe/Paris';
test.use({ timezoneId: ZONE });
test.beforeEach(atNow);

/** Expects a start of a tutor to be on sale, or not, on the public page. */
async function expectOnSale(page: Page, tutor: Tutor, start: string, onSale: boolean): Promise<void> {
  await open(page, `/tutors/${tutor.slug}?tz=${ZONE}`);
  // An hour before it is free in any case, so the day can be opened.
  await openDay(page, ZONE, later(start, -120));
  await expect(slot(page, start)).toHaveCount(onSale ? 1 : 0);
}

/** Presses a button of a form on the tutor's page of rules, which says that it was saved. */
async function save(page: Page, form: string, button: string): Promise<void> {
  const pressed = page.locator(`form[action="/do/${form}"]`).getByRole('button', { name: button, exact: true });
  await loads(page, () => pressed.click());
  await expect(page).toHaveURL(/saved=1/);
  await expect(page.getByText(t('site.saved'), { exact: true })).toBeVisible();
}

/** Presses what disconnects, and confirms. */
async function disconnect(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: `${t('diary.busy_disconnect')}: ${name}` }).click();
  const confirm = page.getByRole('dialog').getByRole('button', { name: t('diary.busy_disconnect'), exact: true });
  await loads(page, () => confirm.click());
  await expect(page).toHaveURL(/saved=1/);
}

test('a calendar at an address takes slots away until it is disconnected', { tag: '@plain' }, async ({ page, server, person, watch }) => {
  watch.allow(/status of 400/);
  const [tutor, busy] = [await newTutor(server), await newTutor(server)];
  const student = await newStudent(server);
  await book(server, student, busy, LESSON);
  // The calendar elsewhere is that of a student, at the address that the page of settings shows.
  const reader = await person(student);
  await open(reader, '/settings');
  await reader.getByRole('button', { name: t('diary.make') }).click();
  await reader.waitForURL(/saved=1/);
  const address = reader.getByLabel(t('diary.address'));
  const first = await address.inputValue();

  await enter(page.context(), server, tutor);
  await open(page, '/tutor/settings');
  const field = page.getByLabel(t('diary.busy_address'));
  await field.fill(`${server.url}/calendar/nobody.ics`);
  const form = page.locator('form[action="/do/connect_calendar"]');
  await form.getByRole('button', { name: t('diary.busy_connect'), exact: true }).click();
  await expect(page.getByText(t('error.calendar_unreachable')).first()).toBeVisible();
  await hydrated(page);
  await field.fill(first);
  await save(page, 'connect_calendar', t('diary.busy_connect'));
  await expect(page.getByText(t('diary.busy_works'), { exact: true })).toBeVisible();
  await expectOnSale(reader, tutor, LESSON, false);

  await open(reader, '/settings?renew=1');
  await reader.getByRole('dialog').getByRole('button', { name: t('diary.renew'), exact: true }).click();
  await reader.waitForURL(/saved=1/);
  await expect(address).not.toHaveValue(first);
  await server.setClock(later(NOW, 5));
  await server.tick();
  await open(page, '/tutor');
  await expect(page.getByText(t('diary.busy_failing'))).toBeVisible();
  await expectOnSale(reader, tutor, LESSON, false);
  await open(page, '/tutor/settings');
  await disconnect(page, '127.0.0.1');
  await expectOnSale(reader, tutor, LESSON, true);
});

test('an account lends its busy times and takes lessons in', { tag: '@plain' }, async ({ page, server, person, watch }) => {
  watch.allow(/status of 400/);
  const radicale = await Radicale.start();
  try {
    const tutor = await newTutor(server);
    const student = await newStudent(server);
    await radicale.put('call', LESSON);
    await enter(page.context(), server, tutor);
    await open(page, '/tutor/settings');
    const form = page.locator('form[action="/do/connect_account"]');
    await form.getByLabel(t('diary.caldav_address')).fill(radicale.url);
    await form.getByLabel(t('diary.caldav_login')).fill(radicale.login);
    await form.getByLabel(t('diary.caldav_password')).fill('mistyped');
    await form.getByRole('button', { name: t('diary.busy_connect'), exact: true }).click();
    await expect(page.getByText(t('error.calendar_password')).first()).toBeVisible();
    await hydrated(page);
    await form.getByLabel(t('diary.caldav_password')).fill(radicale.password);
    await save(page, 'connect_account', t('diary.busy_connect'));
    await expect(page.getByText(t('diary.account_unread'))).toBeVisible();
    await expect(page.getByRole('checkbox', { name: 'Work' })).toBeChecked();
    await page.getByRole('combobox', { name: t('diary.lessons_in') }).selectOption('Work');
    await save(page, 'choose_calendars', t('site.save'));
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    const reader = await person(student);
    await expectOnSale(reader, tutor, LESSON, false);

    const start = later(LESSON, -60);
    const booked = await book(server, student, tutor, start);
    await server.tick();
    expect(await radicale.calendar()).toContain(`UID:${booked.id}`);
    await call(server, 'DELETE', `/api/v2/bookings/${booked.id}`, {}, await tokenOf(server, student));
    await server.tick();
    expect(await radicale.calendar()).not.toContain(booked.id);

    await open(page, '/tutor/settings');
    await disconnect(page, `127.0.0.1, ${radicale.login}`);
    await expectOnSale(reader, tutor, LESSON, true);
  } finally {
    radicale.stop();
  }
});
