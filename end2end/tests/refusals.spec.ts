import { randomUUID } from 'node:crypto';
import { query } from '../support/database';
import { expect, hydrated, test } from '../support/fixtures';
import { book, newStudent, newTutor } from '../support/people';
import { atNow, LESSON, open, openDay, slot, startsWith } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const ZONE = 'Pacific/Auckland';
test.beforeEach(atNow);

test('what is not there, or not one’s own, is a helpful page with its true status', { tag: '@plain' }, async ({ server, person, watch }) => {
  watch.allow(/status of 4\d\d/);
  const tutor = await newTutor(server);
  const [owner, stranger] = [await newStudent(server), await newStudent(server)];
  const { id } = await book(server, owner, tutor, LESSON);
  const page = await person(stranger);
  const offering = `/book/${tutor.slug}?offering`;
  const addresses: [string, number][] = [
    ['/no-such-page', 404],
    ['/tutors/nobody-of-this-name', 404],
    [`/tutors/${randomUUID()}`, 404],
    [`/lessons/${id}`, 404],
    [`/lessons/${id}/reschedule`, 404],
    [`/lessons/${randomUUID()}`, 404],
    ['/lessons/7', 404],
    ['/lessons/%00', 404],
    [`/book/nobody-of-this-name?start=${LESSON}`, 404],
    [`${offering}=${randomUUID()}&start=${LESSON}`, 404],
    [`${offering}=${tutor.offerings[0]}&duration=61&start=${LESSON}`, 400],
    ['/tutor', 403],
    ['/tutor/availability', 403],
    [`/join/${'x'.repeat(40)}`, 404],
    // What is only mistyped still shows the page.
    [`/tutors/${tutor.slug}?tz=Mars/Olympus&month=banana&day=2027-13-77`, 200],
    ['/tutors?page=999999&min_rating=banana&field=ALCHEMY&price=-1', 200],
    [`/book/${tutor.slug}?hold=7&start=${LESSON}`, 200],
    ['/dashboard?view=nothing&page=-3', 200],
  ];
  for (const [address, status] of addresses) {
    const answer = await page.goto(address);
    expect(answer?.status(), address).toBe(status);
    await expect(page.getByRole('heading', { level: 1 }), address).toHaveText(/\S/);
    const ways = page.getByRole('main').getByRole('link').or(page.getByRole('main').getByRole('button'));
    expect(await ways.count(), `${address} offers a way on`).toBeGreaterThan(0);
  }
});

test('who is not signed in is led there and back', { tag: '@plain' }, async ({ page, server, watch }) => {
  watch.allow(/status of 401/);
  const tutor = await newTutor(server);
  const student = await newStudent(server);
  const { id } = await book(server, student, tutor, LESSON);
  for (const address of ['/dashboard', '/settings', '/tutor', `/lessons/${id}/reschedule`, `/lessons/${id}`]) {
    await page.goto(address);
    await expect(page, address).toHaveURL(`/login?next=${encodeURIComponent(address).replaceAll('%2F', '/')}`);
  }
  await hydrated(page);
  await page.getByRole('textbox', { name: t('account.email') }).fill(student.email);
  await page.getByLabel(startsWith(t('account.password'))).fill('not the password');
  await page.getByRole('main').getByRole('button', { name: t('account.login_title') }).click();
  await expect(page.getByText(t('error.credentials')).first()).toBeVisible();
  await hydrated(page);
  await expect(page.getByRole('textbox', { name: t('account.email') }), 'what was typed stays').toHaveValue(student.email);
  await page.getByLabel(startsWith(t('account.password'))).fill(student.password);
  await page.getByRole('main').getByRole('button', { name: t('account.login_title') }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}$`));
});

test('a zone that does not exist is refused where it was typed', { tag: '@plain' }, async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}`);
  await page.getByText(t('calendar.zone_change')).click();
  await page.getByRole('combobox', { name: t('calendar.zone_label') }).fill('Mars/Olympus');
  await page.getByRole('button', { name: t('calendar.zone_use') }).click();
  await expect(page.getByText(t('error.time_zone'))).toBeVisible();
  await expect(page.locator('.zone-text strong')).toContainText('Auckland');
});

test('an account needs an address that is free and a password that is long enough', { tag: ['@phone', '@plain'] }, async ({ page, server, watch }) => {
  watch.allow(/status of 4\d\d/);
  const taken = await newStudent(server);
  await open(page, '/signup');
  const form = page.locator('form[action="/do/sign_up"]');
  const send = async (email: string, password: string) => {
    await form.getByRole('radio', { name: t('account.role_student') }).check();
    await form.getByRole('textbox', { name: t('account.name') }).fill('Nia Okoye');
    await form.getByRole('textbox', { name: t('account.email') }).fill(email);
    await form.getByLabel(startsWith(t('account.password'))).fill(password);
    await form.getByRole('button', { name: t('site.sign_up') }).click();
  };
  await send('nia@journeys.test', 'short');
  await expect(page.getByText(t('error.password_length')).first()).toBeVisible();
  await hydrated(page);
  await send(taken.email, 'a sentence of mine');
  await expect(page.getByText(t('error.email_taken')).first()).toBeVisible();
  await hydrated(page);
  await expect(form.getByRole('textbox', { name: t('account.name') })).toHaveValue('Nia Okoye');
  await expect(form.getByRole('textbox', { name: t('account.email') })).toHaveAttribute('aria-invalid', 'true');
});

test('a page that fails says so with the request’s name, and "try again" tries again', { tag: ['@phone', '@plain'] }, async ({ page, server, watch }) => {
  watch.allow(/status of 500/);
  const tutor = await newTutor(server);
  await query(server.database, 'ALTER TABLE ratings RENAME TO ratings_away');
  try {
    const answer = await page.goto(`/tutors/${tutor.slug}`);
    expect(answer?.status()).toBe(500);
    await expect(page.getByText(t('error.internal'))).toBeVisible();
    await expect(page.locator('code')).toHaveText(answer?.headers()['x-request-id'] ?? 'the header is missing');
    expect(await page.content()).not.toContain('ratings');
  } finally {
    await query(server.database, 'ALTER TABLE ratings_away RENAME TO ratings');
  }
  await page.getByRole('link', { name: t('site.try_again') }).click();
  await expect(page.getByRole('heading', { level: 1, name: tutor.name })).toBeVisible();
});

const BREAK = `CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END'`;

test('a server function that fails is told in the page, which goes on', async ({ server, person, watch }) => {
  watch.allow(/status of 500/);
  const tutor = await newTutor(server);
  const page = await person(await newStudent(server, { zone: ZONE }));
  await open(page, `/tutors/${tutor.slug}`);
  await openDay(page, ZONE, LESSON);
  await query(server.database, BREAK);
  await query(server.database, 'CREATE TRIGGER break BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION break()');
  try {
    await slot(page, LESSON).click();
    const alert = page.getByRole('alert').filter({ hasText: t('error.internal') });
    await expect(alert).toBeVisible();
    await expect(alert, 'with the name of the request').toContainText(/[0-9a-f]{32}/);
  } finally {
    await query(server.database, 'DROP FUNCTION break CASCADE');
  }
  await hydrated(page);
  await slot(page, LESSON).click();
  await page.waitForURL(/hold=/);
});
