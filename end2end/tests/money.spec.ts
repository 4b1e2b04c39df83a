import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, test, type Server } from '../support/fixtures';
import { book, call, newStudent, newTutor, tokenOf, type Account, type Tutor } from '../support/people';
import { atNow, comeBack, later, LESSON, open, shows } from '../support/steps';
import { clockIn, texts } from '../support/texts';

const t = texts('en');
const fr = texts('fr');
const ZONE = 'America/St_Johns';
const END = later(LESSON, 60);
test.use({ timezoneId: ZONE });
test.beforeEach(atNow);

/** Joins a lesson by the API. */
async function joins(server: Server, who: Account, id: string): Promise<void> {
  await call(server, 'POST', `/api/v2/bookings/${id}/join`, {}, await tokenOf(server, who));
}

/** A lesson for 30 EUR, booked with a card, to which both come, over and settled. */
async function taught(server: Server, student: Account, tutor: Tutor, card: string): Promise<string> {
  const { id } = await book(server, student, tutor, LESSON, card);
  await server.setClock(LESSON);
  await joins(server, student, id);
  await joins(server, tutor, id);
  await settle(server);
  return id;
}

async function settle(server: Server): Promise<void> {
  await server.setClock(END);
  await server.tick();
}

/** A badge of the page's first card: how the charge stands. */
const standing = (page: Page, word: string) => page.locator('#charge .state').filter({ hasText: t(word) }).first();

test('a lesson is charged at its end, and its page says why to both', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server, { locale: 'fr' });
  const student = await newStudent(server, { zone: ZONE });
  const id = await taught(server, student, tutor, 'pm_card_visa');

  const page = await person(student);
  await open(page, '/dashboard?view=past');
  const row = page.locator('#lessons li').filter({ hasText: tutor.name });
  await expect(row).toContainText(t('charge.paid'));
  await row.getByRole('link', { name: t('charge.why', { amount: '€30.00' }) }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}/charge$`));
  await expect(page.getByRole('heading', { level: 1, name: t('charge.heading_student') })).toBeVisible();
  await expect(standing(page, 'charge.paid')).toBeVisible();
  const end = clockIn('en', ZONE, END);
  await expect(page.getByText(t('charge.rule_completed', { end, amount: '€30.00' }))).toBeVisible();
  await expect(page.getByText(t('charge.receipt'), { exact: true })).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The split, the ledger, and the same for programs.
  const split = page.getByRole('table', { name: t('charge.split_title') });
  for (const part of ['€30.00', '€3.00', '€27.00']) await expect(split).toContainText(part);
  await expect(page.getByRole('table', { name: t('charge.ledger_title') }).locator('tbody tr')).toHaveCount(5);
  const href = await page.getByRole('link', { name: t('charge.json') }).getAttribute('href');
  const json = await (await page.request.get(href ?? '')).json();
  expect(json.data).toMatchObject({ status: 'paid', rule: 'completed', charge_amount: 3000, platform_fee: 300, payout_amount: 2700 });
  expect(json.data.inputs).toMatchObject({ price: 3000, student_joined_at: LESSON, tutor_joined_at: LESSON });

  // On paper it is the receipt: nothing of the site around it.
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('.site-header')).toBeHidden();
  await expect(page.getByText(t('charge.rule_completed', { end, amount: '€30.00' }))).toBeVisible();

  // The tutor reads the same, in French and in the time of Paris.
  const desk = await person(tutor);
  await open(desk, `/lessons/${id}/charge`);
  await expect(desk.getByRole('heading', { level: 1, name: fr('charge.heading') })).toBeVisible();
  const amount = '30,00\u00a0€';
  await expect(desk.getByText(fr('charge.rule_completed', { end: clockIn('fr', 'Europe/Paris', END), amount }))).toBeVisible();
});

test('what a declined card leaves is told, and paid with another', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 402/);
  const [tutor, other] = [await newTutor(server), await newTutor(server)];
  const student = await newStudent(server, { zone: ZONE });
  await book(server, student, other, later(LESSON, 24 * 60), 'pm_card_visa');
  const id = await taught(server, student, tutor, 'pm_card_chargeCustomerFail');
  const card = (last4: string) => t('cards.card', { brand: 'Visa', last4 });
  const pay = t('charge.pay', { amount: '€30.00' });

  const page = await person(student);
  await open(page, '/dashboard');
  const notice = page.getByRole('alert').filter({ hasText: t('dashboard.debts_title') });
  await expect(notice).toBeVisible();
  await notice.getByRole('link', { name: /€30\.00/ }).click();
  await expect(page).toHaveURL(new RegExp(`/lessons/${id}/charge$`));
  await expect(page.getByText(t('charge.owed_student'))).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The same card says no again; the other one pays.
  await page.getByRole('radio', { name: card('0341') }).check();
  await page.getByRole('button', { name: pay }).click();
  await expect(page.getByText(t('error.card_declined'))).toBeVisible();
  await page.getByRole('radio', { name: card('4242') }).check();
  await page.getByRole('button', { name: pay }).click();
  await expect(page.getByText(t('charge.pay_done'))).toBeVisible();
  await expect(standing(page, 'charge.paid')).toBeVisible();
  await open(page, '/dashboard');
  await expect(notice).toHaveCount(0);
});

test('saved cards are chosen and removed', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  for (const [hours, card] of [[0, 'pm_card_visa'], [1, 'pm_card_mastercard']] as const) {
    await book(server, student, tutor, later(LESSON, hours * 60), card);
  }
  const page = await person(student);
  await open(page, '/settings');
  const cards = page.locator('#cards li');
  await expect(cards).toHaveCount(2);
  await expect(cards.filter({ hasText: 'Visa' })).toContainText(t('cards.default'));
  await cards.filter({ hasText: 'Mastercard' }).getByRole('button').click();
  await expect(cards.filter({ hasText: 'Mastercard' })).toContainText(t('cards.default'));
  await open(page, '/settings');
  await cards.filter({ hasText: 'Mastercard' }).getByRole('link').click();
  const dialog = page.getByRole('dialog', { name: t('cards.remove_title') });
  await expectAccessible(page);
  await dialog.getByRole('button', { name: t('cards.remove') }).click();
  await expect(cards).toHaveCount(1);
  await expect(cards.filter({ hasText: 'Visa' })).toContainText(t('cards.default'));
});

test('a tutor waits, marks the student absent, and half is charged', { tag: ['@phone', '@plain'] }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const { id } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  const from = (zone: string) => clockIn('en', zone, later(LESSON, 20));
  const [page, desk] = [await person(student), await person(tutor)];
  await open(page, `/lessons/${id}`);
  await expect(page.getByText(t('lesson.wait_student', { from: from(ZONE), half: '€15.00' }))).toBeVisible();

  // One minute before the waiting time is over nothing can be marked; then, with the tutor's own join, it can.
  await server.setClock(later(LESSON, 1));
  await joins(server, tutor, id);
  await server.setClock(later(LESSON, 19));
  await open(desk, `/lessons/${id}`);
  const wait = t('lesson.wait_tutor', { name: student.name, from: from('Europe/Paris'), half: '€15.00' });
  await expect(desk.getByText(wait)).toBeVisible();
  const mark = desk.getByRole('link', { name: t('lesson.absent') });
  await expect(mark).toHaveCount(0);
  await server.setClock(later(LESSON, 20));
  await comeBack(desk);
  await comeBack(page);
  await expect(page.getByText(t('lesson.wait_over', { from: from(ZONE) }))).toBeVisible();
  await mark.click();
  const dialog = desk.getByRole('dialog', { name: t('lesson.absent_title') });
  await expectAccessible(desk);
  await dialog.getByRole('button', { name: t('lesson.absent') }).click();
  const marked = (side: Page) => side.getByRole('status').filter({ hasText: t('state.no_show_student') });
  await expect(marked(desk)).toBeVisible();
  await shows(page, marked(page));

  await settle(server);
  await open(page, `/lessons/${id}/charge`);
  const values = { wait: '20 min', marked: clockIn('en', ZONE, later(LESSON, 20)), price: '€30.00', amount: '€15.00' };
  await expect(page.getByText(t('charge.rule_student_absent', values))).toBeVisible();
});

test('a student who has joined cannot be marked absent', { tag: '@plain' }, async ({ server, person }) => {
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const { id } = await book(server, student, tutor, LESSON, 'pm_card_visa');
  await server.setClock(later(LESSON, 10));
  await joins(server, tutor, id);
  await joins(server, student, id);
  await server.setClock(later(LESSON, 30));
  const desk = await person(tutor);
  await open(desk, `/lessons/${id}`);
  await expect(desk.getByText(t('lesson.attendance_joined', { name: student.name }))).toBeVisible();
  await expect(desk.getByText(t('lesson.wait_title'))).toHaveCount(0);
  await expect(desk.getByRole('link', { name: t('lesson.absent') })).toHaveCount(0);
});

test('an admin gives some of a charge back, and all three read it', { tag: '@plain' }, async ({ server, person, watch }) => {
  watch.allow(/status of 400/);
  const tutor = await newTutor(server);
  const student = await newStudent(server, { zone: ZONE });
  const id = await taught(server, student, tutor, 'pm_card_visa');
  const office = await person('admin');
  await open(office, `/lessons/${id}/charge`);
  await office.getByRole('link', { name: t('charge.refund') }).click();
  const dialog = office.getByRole('dialog', { name: t('charge.refund_title') });
  const amount = dialog.getByRole('textbox', { name: t('charge.refund_amount', { currency: 'EUR' }) });
  await dialog.getByRole('textbox', { name: t('charge.reason') }).fill('A third was lost to the connection.');
  await amount.fill('30.01');
  await dialog.getByRole('button', { name: t('charge.refund') }).click();
  await expect(dialog.getByText(t('error.refund_too_much')).first()).toBeVisible();
  await amount.fill('10');
  await dialog.getByRole('button', { name: t('charge.refund') }).click();
  await expect(office.getByText(t('site.saved'))).toBeVisible();
  await server.tick();
  for (const who of [student, tutor, 'admin'] as const) {
    const page = await person(who);
    await open(page, `/lessons/${id}/charge`);
    await expect(standing(page, 'charge.partly_refunded')).toBeVisible();
    const refunds = page.getByRole('table', { name: t('charge.refunds_title') });
    await expect(refunds).toContainText('€10.00');
    await expect(refunds).toContainText('A third was lost to the connection.');
    await expect(refunds).toContainText(t('charge.refund_succeeded'));
  }
});
